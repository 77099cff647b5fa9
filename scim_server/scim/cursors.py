"""Cursors (RFC 9865 §2): a place in a list, sealed so that it can be neither read nor carried.

A visible place would tell how many resources a client can't see, and one taken to another unit or
another filter would mean something else there. So the place is encrypted with AES-GCM, and the
unit and the query are part of what is authenticated.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import secrets

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from scim_server.clock import Clock
from scim_server.directory.searches import Position, Search
from scim_server.errors import ExpiredCursor, InvalidCursor
from scim_server.keys import Keys

_NONCE_BYTES = 12
_LONGEST = 2_048


class Cursors:
    """``lifetime`` is in seconds; ``keys`` have no other use."""

    def __init__(self, keys: Keys, clock: Clock, lifetime: int) -> None:
        self._ciphers = [AESGCM(each.secret) for each in keys]
        self._clock = clock
        self.lifetime = lifetime

    def seal(self, unit_id: int, search: Search, position: Position, *, backwards: bool) -> str:
        """A cursor of unreserved characters (RFC 3986 §2.3) for the page beyond ``position``."""
        now = int(self._clock().timestamp())
        place = orjson.dumps([now, backwards, position.key, position.seq])
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._ciphers[0].encrypt(nonce, place, _about(unit_id, search))
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, unit_id: int, search: Search, cursor: str) -> tuple[Position, bool]:
        """The place, and whether the page lies before it.

        Raises :class:`~scim_server.errors.InvalidCursor` for anything that this server didn't
        seal for this unit and query, :class:`~scim_server.errors.ExpiredCursor` for an old one.
        """
        if len(cursor) > _LONGEST:
            raise InvalidCursor("The cursor is not one of this server's.")
        try:
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
            if base64.urlsafe_b64encode(sealed).rstrip(b"=").decode() != cursor:
                raise InvalidTag
            place = self._opened(sealed, _about(unit_id, search))
        except (InvalidTag, ValueError, binascii.Error):
            raise InvalidCursor(
                "The cursor is not one of this server's for this query. Start again without it."
            ) from None
        issued, backwards, key, seq = orjson.loads(place)
        if issued + self.lifetime <= self._clock().timestamp():
            raise ExpiredCursor(
                f"The cursor is older than {self.lifetime} seconds. Start again without it."
            )
        return Position(key, seq), backwards

    def _opened(self, sealed: bytes, about: bytes) -> bytes:
        """What was sealed, under whichever master key. Raises ``InvalidTag`` if under none."""
        for cipher in self._ciphers:
            with contextlib.suppress(InvalidTag):
                return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about)
        raise InvalidTag


def _about(unit_id: int, search: Search) -> bytes:
    """What a cursor is bound to: the unit, the types, the filter and the order."""
    query = [
        unit_id,
        [each.name for each in search.types],
        search.shape,
        search.literals,
        str(search.sort) if search.sort else None,
        search.descending,
    ]
    return hashlib.sha256(orjson.dumps(query)).digest()
