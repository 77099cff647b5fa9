"""Which resources are served: those that a publishing school holds.

A school's decision is honoured here, when data is written, so that no read has to think of it:
what isn't served is absent from pages, lookups, filters, members and groups at once, and its
absence is never shown as a departure.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Table,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    select,
    union,
    update,
)

from scim_server.database.bulk import measure
from scim_server.database.schema import big_key
from scim_server.directory.models import contract
from scim_server.directory.tables import (
    membership,
    population,
    reference,
    resource,
    resource_school,
    school,
    unit,
    waypoint,
)

WAYPOINT_EVERY = 100

_temporary = MetaData()
_flipped = Table(
    "flipped",
    _temporary,
    Column("seq", big_key(), primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
)


def refresh(connection: Connection, unit_id: int, *, now: str, change: int) -> int:
    """Bring ``served``, counters and waypoints in line with the schools' decisions.

    Returns how many resources appeared or disappeared. A resource that stays while one of its
    memberships appears or disappears with the other end gets a new version, as for any change of
    membership.
    """
    held = exists().where(
        resource_school.c.seq == resource.c.seq,
        school.c.id == resource_school.c.school_id,
        school.c.synchronised,
    )
    _flipped.create(connection)
    try:
        flips = select(resource.c.seq).where(
            resource.c.unit_id == unit_id, resource.c.served != held
        )
        connection.execute(insert(_flipped).from_select(["seq"], flips))
        flipped = select(_flipped.c.seq)
        count = connection.scalar(select(func.count()).select_from(_flipped)) or 0
        if count:
            _renew_other_ends(connection, unit_id, now=now, change=change)
            for table in (resource, reference):
                turned = update(table).where(table.c.seq.in_(flipped))
                connection.execute(turned.values(served=not_(table.c.served)))
            measure(connection, resource, reference)
    finally:
        _flipped.drop(connection)
    publishes = exists().where(school.c.unit_id == unit.c.id, school.c.synchronised)
    connection.execute(update(unit).where(unit.c.id == unit_id).values(publishes=publishes))
    count_served(connection, unit_id, "register")
    return count


def _renew_other_ends(connection: Connection, unit_id: int, *, now: str, change: int) -> None:
    flipped = select(_flipped.c.seq)
    groups = select(membership.c.group_seq).where(membership.c.member_seq.in_(flipped))
    members = select(membership.c.member_seq).where(membership.c.group_seq.in_(flipped))
    connection.execute(
        update(resource)
        .where(
            resource.c.unit_id == unit_id,
            resource.c.seq.in_(select(union(groups, members).subquery().c[0])),
            resource.c.served,
            ~exists().where(_flipped.c.seq == resource.c.seq),
        )
        .values(version=resource.c.version + 1, modified=now, change=change)
    )


def count_served(connection: Connection, unit_id: int, kind: str) -> None:
    """Write the counters and waypoints of a unit's lists anew."""
    for table in (population, waypoint):
        connection.execute(delete(table).where(table.c.unit_id == unit_id))
    for name in contract(kind).types:
        served = (
            resource.c.unit_id == unit_id,
            resource.c.resource_type == name,
            resource.c.served,
        )
        total = select(literal(unit_id), literal(name), func.count()).where(*served)
        connection.execute(
            insert(population).from_select(
                ["unit_id", "resource_type", "total"], total.select_from(resource)
            )
        )
        place = func.row_number().over(order_by=resource.c.seq) - 1
        places = select(place.label("place"), resource.c.seq).where(*served).subquery()
        marked = select(literal(unit_id), literal(name), places.c.place, places.c.seq).where(
            places.c.place % WAYPOINT_EVERY == 0
        )
        connection.execute(
            insert(waypoint).from_select(["unit_id", "resource_type", "ordinal", "seq"], marked)
        )
