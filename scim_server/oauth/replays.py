"""Each assertion that names itself is used once, in whichever process it arrives."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from scim_server.clock import Clock
from scim_server.database import Database
from scim_server.oauth.tables import used_assertion

_FORGET_EVERY = 300
"""Seconds between two removals of assertions that have expired."""


class UsedAssertions:
    """Remembers what was used until it would be refused for its age."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert
        self._forgot = 0

    def claim(self, issuer: str, jti: str, expires: int) -> bool:
        """Whether this is the first use of the issuer's assertion ``jti``, which it then was.

        ``expires`` is the second, since 1970, from which it isn't valid any more.
        """
        # No key is needed: neither is secret. JSON keeps the two apart, and takes any character.
        digest = hashlib.sha256(json.dumps([issuer, jti]).encode()).hexdigest()
        row = self._insert(used_assertion).values(digest=digest, expires=expires)
        claim = row.on_conflict_do_nothing().returning(used_assertion.c.digest)
        now = int(self._clock().timestamp())
        with self._database.write_tokens() as connection:
            if now - self._forgot >= _FORGET_EVERY:
                self._forgot = now
                connection.execute(delete(used_assertion).where(used_assertion.c.expires <= now))
            return connection.scalar(claim) is not None
