"""„Synchronizacja z Office 365”: what each school's director decided, when, by which text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, func, insert, select, update

from scim_server.audit import entries, record
from scim_server.clock import stamp
from scim_server.directory.serving import refresh
from scim_server.directory.tables import decision, resource, resource_school, school
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
    if synchronised != chosen.synchronised:
        _date_people_of(connection, of.id, chosen.id, latest)
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


def _date_people_of(connection: Connection, unit_id: int, school_id: int, now: str) -> None:
    """People whom other schools share with it are now said to be there, or no longer."""
    its = select(resource_school.c.seq).where(
        resource_school.c.unit_id == unit_id, resource_school.c.school_id == school_id
    )
    connection.execute(
        update(resource)
        .where(resource.c.seq.in_(its), resource.c.served, resource.c.edited != now)
        .values(edited=now)
    )


@dataclass(frozen=True, slots=True)
class Decision:
    """``recorded_by`` is the operator who typed it in, where the record of who did what tells."""

    school: str
    synchronised: bool
    decided_by: str
    at: str
    text_version: str
    recorded_by: str | None


def history(connection: Connection, of: Unit) -> list[Decision]:
    """Every decision about the unit's schools, the newest last."""
    recorded = entries(connection, unit=of.name, action="consent.decided")
    actors = {(each["at"], each["facts"]["school"]): each["actor"] for each in recorded}
    rows = connection.execute(
        select(decision, school.c.name)
        .join(school, school.c.id == decision.c.school_id)
        .where(decision.c.unit_id == of.id)
        .order_by(decision.c.id)
    )
    return [
        Decision(
            row.name, row.synchronised, row.decided_by, row.at, row.text_version,
            actors.get((row.at, row.school_id)),
        )
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What disappears when the school stops: ``people`` and ``groups``. ``shared`` people stay,
    because another school that publishes holds them. ``is_last`` where no other publishes.
    """

    school: School
    people: int
    groups: int
    shared: int
    is_last: bool

    @property
    def resources(self) -> int:
        return self.people + self.groups


def foresee_withdrawal(connection: Connection, of: Unit, school_name: str | None) -> Withdrawal:
    """What :func:`decide` would take away if the school's director decided „Nie” now.

    Changes nothing. Raises as :func:`decide` does.
    """
    known = schools(connection, of.id)
    chosen = _chosen(known, school_name)
    others = [each.id for each in known if each.synchronised and each != chosen]
    elsewhere = exists().where(
        resource_school.c.seq == resource.c.seq, resource_school.c.school_id.in_(others)
    )
    its = select(resource_school.c.seq).where(resource_school.c.school_id == chosen.id)
    held = (
        select(resource.c.resource_type.label("type"), elsewhere.label("stays"))
        .where(resource.c.unit_id == of.id, resource.c.served, resource.c.seq.in_(its))
        .subquery()
    )
    rows = connection.execute(
        select(held.c.type, held.c.stays, func.count()).group_by(held.c.type, held.c.stays)
    )
    found = {(type, bool(stays)): count for type, stays, count in rows}
    return Withdrawal(
        chosen,
        people=found.get(("User", False), 0),
        groups=found.get(("Group", False), 0),
        shared=found.get(("User", True), 0),
        is_last=not others,
    )


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
