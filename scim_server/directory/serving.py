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
    case,
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
    MEMBERSHIP,
    former_membership,
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
    membership. What appears is dated ``now`` for whoever polls a roster by time; what disappears
    keeps every stamp.
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
        measure(connection, _flipped)
        flipped = select(_flipped.c.seq)
        count = connection.scalar(select(func.count()).select_from(_flipped)) or 0
        if count:
            _renew_other_ends(connection, unit_id, now=now, change=change)
            appears = case((resource.c.served, resource.c.edited), else_=literal(now))
            for table, dated in ((resource, {"edited": appears}), (reference, {})):
                turned = update(table).where(table.c.seq.in_(flipped))
                connection.execute(turned.values(served=not_(table.c.served), **dated))
            _date_memberships(connection, unit_id, now)
            measure(connection, resource, reference, membership, former_membership)
    finally:
        _flipped.drop(connection)
    publishes = exists().where(school.c.unit_id == unit.c.id, school.c.synchronised)
    connection.execute(update(unit).where(unit.c.id == unit_id).values(publishes=publishes))
    count_served(connection, unit_id, "register")
    _count_memberships(connection, unit_id)
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


def _date_memberships(connection: Connection, unit_id: int, now: str) -> None:
    """Date those that appear; and those that ended while they were hidden, too, since whoever was
    told of them before must hear of the end.
    """
    flipped = select(_flipped.c.seq)
    appeared = select(resource.c.seq).where(resource.c.seq.in_(flipped), resource.c.served)
    stayed = select(resource.c.seq).where(
        resource.c.unit_id == unit_id, resource.c.resource_type == "Group", resource.c.served,
        ~exists().where(_flipped.c.seq == resource.c.seq),
    )  # fmt: skip
    for table, dated in ((membership, "since"), (former_membership, "ended")):
        # First the few of groups that were there already: looked for afterwards, all those of a
        # whole city would be looked through once more, and twice over where rows were replaced.
        stays = table.c.group_seq.in_(stayed)
        for these in (
            (table.c.member_seq.in_(appeared), stays),
            (table.c.group_seq.in_(appeared),),
        ):
            connection.execute(
                update(table)
                .where(table.c.unit_id == unit_id, *these, table.c[dated] != now)
                .values({dated: now})
            )


def _count_memberships(connection: Connection, unit_id: int) -> None:
    """The counter of memberships whose two ends are served, and a waypoint at each group's first.

    Call it after :func:`count_served`, which takes the old ones away.
    """
    group, member = reference.alias(), reference.alias()
    sizes = (
        select(membership.c.group_seq, func.count().label("size"))
        .join(group, group.c.seq == membership.c.group_seq)
        .join(member, member.c.seq == membership.c.member_seq)
        .where(membership.c.unit_id == unit_id, group.c.served, member.c.served)
        .group_by(membership.c.group_seq)
        .subquery()
    )
    own = (literal(unit_id), literal(MEMBERSHIP))
    until = func.sum(sizes.c.size).over(order_by=sizes.c.group_seq)
    connection.execute(
        insert(waypoint).from_select(
            ["unit_id", "resource_type", "ordinal", "seq"],
            select(*own, until - sizes.c.size, sizes.c.group_seq),
        )
    )
    total = 0
    last = select(waypoint.c.ordinal, waypoint.c.seq).where(
        waypoint.c.unit_id == unit_id, waypoint.c.resource_type == MEMBERSHIP
    )
    if row := connection.execute(last.order_by(waypoint.c.ordinal.desc()).limit(1)).first():
        members = (
            select(func.count())
            .select_from(membership)
            .join(member, member.c.seq == membership.c.member_seq)
        )
        of_it = members.where(membership.c.group_seq == row.seq, member.c.served)
        total = row.ordinal + (connection.scalar(of_it) or 0)
    connection.execute(
        insert(population).values(unit_id=unit_id, resource_type=MEMBERSHIP, total=total)
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
