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
from scim_server.directory.tables import unit
from scim_server.oauth.tables import client, credential


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
