"""Writing and reading audit entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from scim_server.audit.chain import CHECKPOINT, Anchor, Entry, digest_of, seal, verify
from scim_server.audit.tables import audit_entry
from scim_server.clock import stamp
from scim_server.errors import Refused
from scim_server.keys import Keys

_POSTGRESQL_LOCK = 0x5C1B


def record(
    connection: Connection,
    *,
    at: datetime,
    action: str,
    actor: str,
    unit: str | None,
    facts: Mapping[str, Any],
) -> None:
    """Append one entry in the transaction of ``connection``, so that neither exists alone.

    ``action`` is ``thing.verb`` (``import.applied``), ``actor`` the operator's account or a
    client id, ``facts`` identifiers and counts. Names, logins, addresses and secrets don't
    belong here. From here to the end of the transaction other writers of the record wait: call
    it when everything else is written.
    """
    keys: Keys = connection.get_execution_options()["audit_keys"]
    _lock(connection)
    before = anchor(connection) or Anchor(0, "")
    entry = Entry(before.number + 1, stamp(at), action, actor, unit, dict(facts))
    connection.execute(
        insert(audit_entry).values(
            number=entry.number, at=entry.at, action=action, actor=actor, unit=unit,
            facts=entry.facts, mac=seal(keys[0], before.mac, entry), key=keys[0].id,
        )
    )  # fmt: skip


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_LOCK})")


def checkpoint(connection: Connection, keys: Keys, *, at: datetime, actor: str) -> None:
    """Append an entry that vouches, under the key in use, for all before it.

    They are verified first with ``keys``; without any, the entry says that they weren't. Raises
    :class:`~scim_server.errors.Refused` where the record was altered.
    """
    _lock(connection)
    if keys and (problems := verify(whole(connection), keys, ()).problems):
        raise Refused("\n".join(["The record isn't what was written:", *problems]))
    facts = {"digest": digest_of(whole(connection)), "verified": bool(keys)}
    record(connection, at=at, action=CHECKPOINT, actor=actor, unit=None, facts=facts)


def anchor(connection: Connection) -> Anchor | None:
    """The end of the record as it is now, to be kept elsewhere; none while it is empty."""
    query = select(audit_entry.c.number, audit_entry.c.mac)
    row = connection.execute(query.order_by(audit_entry.c.number.desc()).limit(1)).first()
    return Anchor(row.number, row.mac or "") if row else None


def entries(connection: Connection, *, unit: str, action: str) -> list[dict[str, Any]]:
    """The entries of one kind about one unit, oldest first, each with all its columns."""
    query = select(audit_entry).where(audit_entry.c.unit == unit, audit_entry.c.action == action)
    rows = connection.execute(query.order_by(audit_entry.c.number)).mappings()
    return [dict(row) for row in rows]


def whole(connection: Connection) -> Iterator[dict[str, Any]]:
    """Every entry, oldest first, read little by little."""
    query = select(audit_entry).order_by(audit_entry.c.number)
    for row in connection.execute(query.execution_options(yield_per=1_000)).mappings():
        yield {str(name): value for name, value in row.items()}
