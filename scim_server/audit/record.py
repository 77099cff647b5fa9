"""Writing and reading audit entries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from scim_server.audit.tables import audit_entry
from scim_server.clock import stamp


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
    belong here.
    """
    connection.execute(
        insert(audit_entry).values(
            at=stamp(at), action=action, actor=actor, unit=unit, facts=dict(facts)
        )
    )


def entries(connection: Connection, *, unit: str, action: str) -> list[dict[str, Any]]:
    """The entries of one kind about one unit, oldest first, each with all its columns."""
    query = (
        select(audit_entry)
        .where(audit_entry.c.unit == unit, audit_entry.c.action == action)
        .order_by(audit_entry.c.number)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
