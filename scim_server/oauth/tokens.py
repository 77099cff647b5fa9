"""Access tokens: opaque, kept as digests, checked against what is true at that moment.

A check reads the token and, in the main database, its secret, client and unit; nothing is
remembered between requests, so a revocation, a disabled client or a withdrawn decision is seen by
the next request in every process.

A long-lived bearer, where the operator lets it in, is a credential and a token at once: it is kept
with the secrets, and may read and no more.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Text, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from scim_server.clock import Clock, moment
from scim_server.database import Database
from scim_server.database.reading import Prepared, Reader
from scim_server.directory.tables import unit
from scim_server.errors import DatabaseUnavailable
from scim_server.keys import Keys
from scim_server.oauth.clients import READ
from scim_server.oauth.credentials import end_bearer
from scim_server.oauth.renewals import Renewals
from scim_server.oauth.secrets import bearer_id, digest, is_token, matches, new_token
from scim_server.oauth.tables import access_token, client, credential, secret_use

_NEW_TOKEN = insert(access_token)
_STAMP_EVERY = 60
"""Seconds between two records of a secret's last use."""

_FORGET_EVERY = 300
"""Seconds between two removals of tokens that have expired."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a live token allows: one unit, for one client, within ``scopes``. ``secret_id`` names
    the secret that it was got with, or the long-lived bearer that it is.

    ``publishes`` is false while no school of the unit publishes: the token is known, and refused.
    ``kind`` and ``settings`` are the unit's.
    """

    unit_id: int
    unit: str
    client_id: str
    secret_id: str
    scopes: frozenset[str]
    publishes: bool
    kind: str
    stored_settings: str | Mapping[str, Any]

    @property
    def settings(self) -> Mapping[str, Any]:
        """The unit's own settings; SQLite keeps them as text, which most requests never read."""
        stored = self.stored_settings
        return json.loads(stored) if isinstance(stored, str) else stored


class Tokens:
    """Issuing and checking. ``lifetime`` is in seconds; ``long_lived`` tells whether long-lived
    bearers are accepted.
    """

    def __init__(
        self,
        database: Database,
        keys: Keys,
        clock: Clock,
        lifetime: int,
        *,
        renewals: Renewals,
        long_lived: bool,
    ) -> None:
        self._database = database
        self._renewals = renewals
        self._long_lived = long_lived
        self._keys = keys
        self._clock = clock
        self.lifetime = lifetime
        self._stamped: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()
        self._forgot = 0
        self._prepare()

    def _prepare(self) -> None:
        """One statement where tokens share the main database, two where they have their own."""
        database = self._database
        token = (access_token.c.scope, access_token.c.expires)
        standing = (
            client.c.unit_id, unit.c.name, client.c.id, credential.c.id, client.c.disabled,
            credential.c.revoked, unit.c.publishes, unit.c.kind, unit.c.settings,
        )  # fmt: skip
        holders = credential.join(client, client.c.id == credential.c.client_id).join(
            unit, unit.c.id == client.c.unit_id
        )
        asked = access_token.c.digest == bindparam("digest", type_=Text())
        own = select(access_token.c.client_id, access_token.c.issued, access_token.c.expires)
        self._own = database.token_reader.prepare(own.where(asked))
        named = credential.c.id == bindparam("secret", type_=Text())
        bearer = (credential.c.digest, credential.c.created, credential.c.expires)
        self._bearer = database.reader.prepare(
            select(*bearer, *standing)
            .select_from(holders)
            .where(named, credential.c.kind == "bearer")
        )
        self._is_joined = database.tokens is database.main
        if self._is_joined:
            both = holders.join(access_token, access_token.c.secret_id == credential.c.id)
            self._joined = database.reader.prepare(
                select(*token, *standing).select_from(both).where(asked)
            )
            return
        self._token = database.token_reader.prepare(
            select(*token, access_token.c.secret_id).where(asked)
        )
        self._standing = database.reader.prepare(
            select(*standing).select_from(holders).where(named)
        )

    def issue(self, *, unit_id: int, client_id: str, secret_id: str, scope: str) -> str:
        """A new token, written in a transaction of its own outside the main database."""
        token, now = new_token(), self._now()
        row = {
            "digest": digest(self._keys[0], token),
            "unit_id": unit_id,
            "client_id": client_id,
            "secret_id": secret_id,
            "scope": scope,
            "issued": now,
            "expires": now + self.lifetime,
        }
        with self._database.write_tokens() as connection:
            connection.execute(_NEW_TOKEN, row)
            self._forget_expired(connection, now)
        self.note_use(secret_id, "last_token")
        return token

    def check(self, token: str) -> Grant | None:
        """What ``token`` allows now, or none for one that is unknown, expired or revoked."""
        found = self._look_up(token) if is_token(token) else self._look_up_bearer(token)
        if found is None:
            return None
        scope, expires, *holder, disabled, revoked, publishes, kind, settings = found
        if expires <= self._now() or disabled or revoked is not None:
            return None
        unit_id, unit_name, client_id, secret_id = holder
        return Grant(
            unit_id, unit_name, client_id, secret_id, frozenset(scope.split()), bool(publishes),
            kind, settings,
        )  # fmt: skip

    def belongs(self, token: str, client_id: str) -> bool:
        """Whether ``token`` was issued to that client, and hasn't been forgotten."""
        row = self._kept(token)
        return row is not None and row[0] == client_id

    def describe(self, token: str) -> dict[str, Any] | None:
        """What introspection tells of a token that a request would be admitted with, or none."""
        grant = self.check(token)
        row = self._kept(token)
        if grant is None or row is None or not grant.publishes:
            return None
        scope = " ".join(sorted(grant.scopes))
        return {"client_id": grant.client_id, "scope": scope, "iat": row[1], "exp": row[2]}

    def forget(self, token: str) -> None:
        """Refuse a token from the next request on; a long-lived bearer ends for good."""
        if row := self._kept_bearer(token):
            _, _, _, _, unit_name, client_id, bearer, *_ = row
            with self._database.write() as connection:
                end_bearer(
                    connection, unit_name, bearer=bearer, client_id=client_id, now=self._clock()
                )
            return
        with self._database.write_tokens() as connection:
            digests = [digest(key, token) for key in self._keys]
            connection.execute(delete(access_token).where(access_token.c.digest.in_(digests)))

    def _look_up(self, token: str) -> tuple[Any, ...] | None:
        """The token's scope and expiry, and the standing of whom it was given to."""
        if self._is_joined:
            return self._first(self._database.reader, self._joined, token)
        row = self._first(self._database.token_reader, self._token, token)
        if row is None:
            return None
        standing = self._database.reader.row(self._standing, {"secret": row[2]})
        return (*row[:2], *standing) if standing else None

    def _look_up_bearer(self, token: str) -> tuple[Any, ...] | None:
        """The same of a long-lived bearer, none of which counts while they are switched off."""
        row = self._kept_bearer(token) if self._long_lived else None
        if row is None:
            return None
        kept, _, expires, *standing = row
        self._renewals.note(standing[3], kept, token)
        return (READ, expires, *standing)

    def _kept_bearer(self, token: str) -> tuple[Any, ...] | None:
        """The digest of a long-lived bearer, when it was issued and expires, and the standing of
        whom it was given to.
        """
        name = bearer_id(token)
        row = self._database.reader.row(self._bearer, {"secret": name}) if name else None
        if not row or not matches(row[0], self._keys, token):
            return None
        kept, issued, expires, *standing = row
        return (kept, _seconds(issued), _seconds(expires), *standing)

    def _kept(self, token: str) -> tuple[Any, ...] | None:
        """The token's client, and when it was issued and expires."""
        if is_token(token):
            return self._first(self._database.token_reader, self._own, token)
        row = self._kept_bearer(token)
        if row is None:
            return None
        _, issued, expires, _, _, client_id, *_ = row
        return (client_id, issued, expires)

    def _first(self, reader: Reader, prepared: Prepared, token: str) -> tuple[Any, ...] | None:
        """What is kept of ``token``, under whichever master key it was issued."""
        for key in self._keys:
            row = reader.row(prepared, {"digest": digest(key, token)})
            if row is not None:
                return row  # type: ignore[no-any-return]
        return None

    def note_use(self, secret_id: str, what: str) -> None:
        """Record ``last_read`` or ``last_token`` of a secret, at most once a minute.

        It never makes a request fail: where the record can't be written, it isn't.
        """
        now = self._now()
        with self._lock:
            if now - self._stamped.get((secret_id, what), 0) < _STAMP_EVERY:
                return
            self._stamped[secret_id, what] = now
        dialect = postgresql if not self._database.is_sqlite else sqlite
        use = dialect.insert(secret_use).values({"secret_id": secret_id, what: now})
        try:
            with self._database.write_tokens() as connection:
                connection.execute(
                    use.on_conflict_do_update(index_elements=["secret_id"], set_={what: now})
                )
        except (SQLAlchemyError, DatabaseUnavailable):
            with self._lock:
                self._stamped.pop((secret_id, what), None)

    def _forget_expired(self, connection: Connection, now: int) -> None:
        """Delete tokens that have expired, at most every five minutes in each process."""
        if now - self._forgot >= _FORGET_EVERY:
            self._forgot = now
            connection.execute(delete(access_token).where(access_token.c.expires <= now))

    def _now(self) -> int:
        return int(self._clock().timestamp())


@dataclass(frozen=True, slots=True)
class LastUse:
    """When a secret last got a token, and when a token of its was last read with, or none."""

    token: datetime | None = None
    read: datetime | None = None

    @property
    def at(self) -> datetime | None:
        """The later of both."""
        return max(filter(None, (self.token, self.read)), default=None)


def last_uses(database: Database, secret_ids: Sequence[str]) -> dict[str, LastUse]:
    """The last use of each secret, to within a minute; one that was never used has an empty one."""
    query = select(secret_use).where(secret_use.c.secret_id.in_(secret_ids))
    with database.tokens.connect() as connection:
        rows = connection.execute(query).all()
    found = {id: LastUse(_moment(token), _moment(read)) for id, token, read in rows}
    return {id: found.get(id, LastUse()) for id in secret_ids}


def _seconds(at: str) -> int:
    return int(moment(at).timestamp())


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
