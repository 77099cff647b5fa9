"""What secrets and tokens look like, and the digests that are kept instead of them.

``uonet_cs_`` + 8 characters naming the secret + ``_`` + 43 random ones (256 bits) + 6 of a
CRC-32, all in ``0-9A-Za-z``; a long-lived bearer is the same behind ``uonet_bt_``, an access token
is ``uonet_at_`` + 43 + 6. A prefix lets scanners find them, an underscore is selected with a double
click, and the checksum tells a copying error without asking the server.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass

from scim_server.keys import Key, Keys

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET = re.compile(r"uonet_cs_([0-9A-Za-z]{8})_[0-9A-Za-z]{49}")
_BEARER = re.compile(r"uonet_bt_([0-9A-Za-z]{8})_[0-9A-Za-z]{49}")
_TOKEN = re.compile(r"uonet_at_[0-9A-Za-z]{49}")
_RANDOM_CHARACTERS = 43

SECRET_LENGTH = len("uonet_cs_") + 8 + len("_") + _RANDOM_CHARACTERS + 6
"""Characters of a client secret, and of a long-lived bearer."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A client secret or a long-lived bearer at the one moment when it is known."""

    id: str
    text: str


def new_secret() -> NewSecret:
    return _named("uonet_cs")


def new_bearer() -> NewSecret:
    return _named("uonet_bt")


def new_token() -> str:
    return _checked(f"uonet_at_{_random(_RANDOM_CHARACTERS)}")


def secret_id(text: str) -> str | None:
    """The name inside a well-formed client secret, or none for anything else."""
    return _name_in(text, _SECRET)


def bearer_id(text: str) -> str | None:
    """The name inside a well-formed long-lived bearer, or none for anything else."""
    return _name_in(text, _BEARER)


def is_token(text: str) -> bool:
    """Whether ``text`` is a whole token, checksum included; no shorter or longer one is."""
    return _TOKEN.fullmatch(text) is not None and _checked(text[:-6]) == text


def digest(key: Key, text: str) -> str:
    """The keyed hash that is stored. 256 random bits can't be guessed, so it needn't be slow."""
    return hmac.digest(key.secret, text.encode(), hashlib.sha256).hex()


def digests(keys: Keys, text: str) -> tuple[str, ...]:
    """What ``text`` may be kept as: its digest under each of ``keys``."""
    return tuple(digest(each, text) for each in keys)


def is_among(kept: str, found: tuple[str, ...]) -> bool:
    """Whether ``kept`` is one of ``found``; takes as long if not."""
    same = [hmac.compare_digest(kept, each) for each in found]
    return any(same)


def matches(kept: str, keys: Keys, text: str) -> bool:
    """Whether ``kept`` is the digest of ``text`` under any of ``keys``; takes as long if not."""
    return is_among(kept, digests(keys, text))


def _named(prefix: str) -> NewSecret:
    id = _random(8)
    return NewSecret(id, _checked(f"{prefix}_{id}_{_random(_RANDOM_CHARACTERS)}"))


def _name_in(text: str, shape: re.Pattern[str]) -> str | None:
    found = shape.fullmatch(text)
    return found[1] if found and _checked(text[:-6]) == text else None


def _random(length: int) -> str:
    return _digits(secrets.randbelow(len(_ALPHABET) ** length), length)


def _checked(text: str) -> str:
    return text + _digits(zlib.crc32(text.encode()), 6)


def _digits(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
