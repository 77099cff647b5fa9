"""„Synchronizacja z Office 365”: what each school's director decided, when, by which text."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from scim_server.audit import record
from scim_server.clock import stamp
from scim_server.directory.serving import refresh
from scim_server.directory.tables import decision, resource, school, unit
from scim_server.directory.units import School, Unit, schools
from scim_server.errors import BadInput

TEXT_VERSION = "vulcan-757"
"""The text that the decision is about: VULCAN's information for the director, page 757."""


def decide(
    connection: Connection,
    of: Unit,
    school_name: str | None,
    synchronised: bool,
    *,
    decided_by: str,
    actor: str,
    now: datetime,
    text_version: str = TEXT_VERSION,
) -> School:
    """Record a director's decision and make it true at once.

    ``school_name`` may be left out where the unit has one school. Decisions are kept; the newest
    counts. Raises :class:`~scim_server.errors.BadInput` for a school that the unit hasn't.
    """
    # Taken first: were an import to come between, its people would not be seen below.
    changes = connection.scalar(select(unit.c.change).where(unit.c.id == of.id).with_for_update())
    chosen = _chosen(schools(connection, of.id), school_name)
    at = stamp(now)
    connection.execute(
        insert(decision).values(
            unit_id=of.id,
            school_id=chosen.id,
            synchronised=synchronised,
            decided_by=decided_by,
            at=at,
            text_version=text_version,
        )
    )
    connection.execute(
        update(school).where(school.c.id == chosen.id).values(synchronised=synchronised)
    )
    change = (changes or 0) + 1
    moved = refresh(connection, of.id, now=_latest(connection, of.id, at), change=change)
    connection.execute(update(unit).where(unit.c.id == of.id).values(change=change))
    record(
        connection,
        at=now,
        action="consent.decided",
        actor=actor,
        unit=of.name,
        facts={
            "school": chosen.id,
            "synchronised": synchronised,
            "resources": moved,
            "text": text_version,
        },
    )
    return School(chosen.id, chosen.name, synchronised)


def _latest(connection: Connection, unit_id: int, at: str) -> str:
    """``at``, or what is stored where the clock went back: who polls by time misses nothing."""
    query = select(func.max(resource.c.modified)).where(resource.c.unit_id == unit_id)
    return max(at, connection.scalar(query) or at)


def _chosen(known: list[School], name: str | None) -> School:
    if name is None and len(known) == 1:
        return known[0]
    names = ", ".join(repr(each.name) for each in known)
    if name is None:
        raise BadInput(f"The unit has several schools. Name one with --school: {names}.")
    wanted = " ".join(name.split()).casefold()
    for each in known:
        if each.name.casefold() == wanted:
            return each
    raise BadInput(f"The unit has no school {name!r}. It has: {names}.")
