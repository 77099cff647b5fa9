"""The ids of resources: made here alone, and known by their shape."""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid

SHAPE = r"[A-Za-z0-9-]{1,64}"
"""No resource has an id of other characters, and not every database could look for one."""

_SHAPE = re.compile(SHAPE)


def may_be_id(text: str) -> bool:
    """Whether a resource could have this id."""
    return _SHAPE.fullmatch(text) is not None


def new_id() -> str:
    """A random UUID (RFC 9562 §5.4)."""
    return str(uuid.uuid4())


def resource_id(namespace: str, resource_type: str, external_id: str) -> str:
    """The id of the resource with a register's key: the same at every import, telling nothing.

    Keyed by the unit's random ``namespace`` (hexadecimal), so nobody outside can compute an id
    from a key, and equal keys in two units have unrelated ids. The shape is a UUID, version 8
    (RFC 9562 §5.8).
    """
    message = f"{resource_type}\0{external_id}".encode()
    mac = bytearray(hmac.digest(bytes.fromhex(namespace), message, hashlib.sha256)[:16])
    mac[6] = (mac[6] & 0x0F) | 0x80
    mac[8] = (mac[8] & 0x3F) | 0x80
    return str(uuid.UUID(bytes=bytes(mac)))
