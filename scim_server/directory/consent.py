"""„Synchronizacja z Office 365”: what each school's director decided, when, by which text."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, update

from scim_server.audit import record
from scim_server.clock import stamp
from scim_server.directory.serving import refresh
from scim_server.directory.tables import decision, school
from scim_server.directory.units import School, Unit, next_change, schools
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
    change, latest = next_change(connection, of.id, now)
    chosen = _chosen(schools(connection, of.id), school_name)
    connection.execute(
        insert(decision).values(
            unit_id=of.id,
            school_id=chosen.id,
            synchronised=synchronised,
            decided_by=decided_by,
            at=stamp(now),
            text_version=text_version,
        )
    )
    connection.execute(
        update(school).where(school.c.id == chosen.id).values(synchronised=synchronised)
    )
    moved = refresh(connection, of.id, now=latest, change=change)
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
