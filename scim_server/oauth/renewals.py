"""What becomes of credentials when the master key is replaced.

Digests can't be made anew without the secrets themselves, so each is renewed when its secret is
next used; until all are, the key before stays known.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from scim_server.audit import record
from scim_server.clock import stamp
from scim_server.database import Database
from scim_server.directory.tables import unit
from scim_server.keys import Keys
from scim_server.oauth.secrets import digest
from scim_server.oauth.tables import client, credential


class Renewals:
    """Digests of one process that are to be kept under the key in use from now on.

    They are made where a secret is seen, and written between requests, so that none waits for it.
    """

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database, self._keys = database, keys
        self._due: dict[str, str] = {}

    def note(self, credential_id: str, kept: str, text: str) -> None:
        """Have the digest of ``text`` renewed, unless the one that is ``kept`` is new already."""
        if len(self._keys) > 1 and kept != (renewed := digest(self._keys[0], text)):
            self._due[credential_id] = renewed

    def write(self) -> None:
        """Write what was noted; where that fails, the next turn tries again."""
        for credential_id, renewed in list(self._due.items()):
            with self._database.write() as connection:
                connection.execute(
                    update(credential)
                    .where(credential.c.id == credential_id)
                    .values(digest=renewed, key=self._keys[0].id)
                )
            del self._due[credential_id]


class Resting(NamedTuple):
    """A live credential, and the name of the key of its digest; it had none in early versions."""

    unit: str
    client: str
    credential: str
    key: str | None


def resting(connection: Connection, *, apart_from: Iterable[str], now: datetime) -> list[Resting]:
    """The live credentials under other keys than those called ``apart_from``."""
    query = (
        select(unit.c.name, client.c.name, credential.c.id, credential.c.key)
        .join(client, client.c.id == credential.c.client_id)
        .join(unit, unit.c.id == client.c.unit_id)
        .where(
            credential.c.digest.is_not(None),
            credential.c.revoked.is_(None),
            credential.c.expires > stamp(now),
        )
        .order_by(unit.c.name, client.c.name, credential.c.id)
    )
    known = set(apart_from)
    return [Resting(*row) for row in connection.execute(query) if row.key not in known]


def end(connection: Connection, lost: Iterable[Resting], *, now: datetime, actor: str) -> None:
    """Revoke credentials that nothing can recognise any more."""
    given = list(lost)
    ids = [each.credential for each in given]
    connection.execute(
        update(credential).where(credential.c.id.in_(ids)).values(revoked=stamp(now))
    )
    for each in given:
        record(
            connection, at=now, action="credential.revoked", actor=actor, unit=each.unit,
            facts={"secret": each.credential, "reason": "lost"},
        )  # fmt: skip
