"""One master key, and a key of its own for every purpose (RFC 5869).

While the master key is being replaced there are two of each, the newest first: what is written
anew is written with it, and what the older one wrote is still recognised.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@dataclass(frozen=True, slots=True)
class Key:
    """32 bytes for one purpose, and the ``id`` of the master key that they come from."""

    id: str
    secret: bytes = field(repr=False)


Keys = tuple[Key, ...]
"""The keys for one purpose, the newest first; never empty."""


def derive(master: bytes, purpose: str) -> bytes:
    """32 bytes for ``purpose``, unrelated to those of any other."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(master)


def keys_for(purpose: str, masters: tuple[bytes, ...]) -> Keys:
    """A key for ``purpose`` from each of ``masters``, in their order."""
    return tuple(Key(derive(each, "id").hex()[:8], derive(each, purpose)) for each in masters)
