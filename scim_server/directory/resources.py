"""Reading the resources of a unit: one by its id, or a page of a search.

Nothing here builds a model or an ORM object. A statement is compiled once for each plan of
search and kept; a request runs two or three indexed statements, however many resources there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Integer, Text, and_, bindparam, select
from sqlalchemy.sql import ClauseElement

from scim_server.database import Database, Statements
from scim_server.directory.attributes import UNIT
from scim_server.directory.documents import document
from scim_server.directory.ids import may_be_id
from scim_server.directory.models import ResourceType
from scim_server.directory.searches import (
    Position,
    Search,
    count_statement,
    page_statement,
    parameters,
)
from scim_server.directory.tables import (
    membership,
    population,
    reference,
    resource,
    waypoint,
)
from scim_server.errors import BadInput

_GROUPS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Address:
    """Which unit is read, and the base address of its resources, without a slash at the end."""

    unit_id: int
    base: str


@dataclass(frozen=True, slots=True)
class Found:
    """One resource: its finished JSON, the number of its version, and its key in the store."""

    body: bytes
    version: int
    seq: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a search: its resources in order, how many there are in all, and its two ends.

    ``seqs`` are the resources' keys in the store. ``more`` tells whether resources lie beyond
    the page in the direction that it was read in.
    """

    bodies: list[bytes]
    seqs: list[int]
    total: int
    first: Position | None = None
    last: Position | None = None
    more: bool = False

    def __len__(self) -> int:
        return len(self.bodies)


class Resources:
    """The read side of the store. Every method takes the unit that it reads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reader = database.reader
        self._statements = Statements(database.main)

    def get(
        self, address: Address, resource_type: ResourceType, id: str, *, collections: bool = True
    ) -> Found | None:
        """The resource, or none where the unit serves none of that type and id."""
        if not may_be_id(id):
            return None
        statement = self._statements.get(
            ("get", resource_type, collections),
            lambda: get_statement(resource_type, collections),
        )
        asked = {"unit": address.unit_id, "id": id, "base": address.base}
        row = self._reader.row(statement, asked)
        return Found(row[1], row[0], row[2]) if row else None

    def search(self, address: Address, search: Search) -> Page:
        """One page. Raises :class:`~scim_server.errors.InvalidFilter` for a literal of the wrong
        type and :class:`~scim_server.errors.InvalidPath` for a sort that is none.
        """
        bound = {
            "unit": address.unit_id,
            "base": address.base,
            "base_key": address.base.lower(),
            **parameters(search),
        }
        if search.is_whole_list and not search.by_cursor:
            return self._whole_list(search, bound)
        if search.limit == 0:
            return Page([], [], self._total(search, bound))
        rows = self._rows(search, bound, limit=search.limit + search.by_cursor)
        page = self._page(search, rows)
        if search.by_cursor or (len(rows) == search.limit) or (search.offset and not rows):
            total = self._total(search, bound)
        else:  # the list ends on this page
            total = search.offset + len(rows)
        return Page(page.bodies, page.seqs, total, page.first, page.last, page.more)

    def listed_in(self, unit_id: int, groups: Sequence[int]) -> list[int]:
        """The ``seq`` of everybody who is served as a member of the unit's groups given."""
        query = (
            select(membership.c.member_seq)
            .join(reference, reference.c.seq == membership.c.member_seq)
            .where(membership.c.unit_id == unit_id, reference.c.served)
            .distinct()
        )
        found: list[int] = []
        with self._database.read() as connection:
            for start in range(0, len(groups), _GROUPS_AT_ONCE):
                some = groups[start : start + _GROUPS_AT_ONCE]
                found += connection.scalars(query.where(membership.c.group_seq.in_(some)))
        return found

    def _whole_list(self, search: Search, bound: dict[str, Any]) -> Page:
        """Start at the nearest waypoint: no page is further from it than a hundred resources."""
        where = self._statements.get("waypoint", _nearest_waypoint)
        asked = {**bound, "type": search.types[0].name, "skip": search.offset}
        found = self._reader.row(where, asked)
        total, ordinal, start = found or (0, None, None)
        if search.limit == 0 or search.offset >= total:
            return Page([], [], total)
        bound |= {"start": start or 0, "offset": search.offset - (ordinal or 0)}
        rows = self._rows(search, bound, limit=search.limit)
        return Page([row[1] for row in rows], [row[0] for row in rows], total)

    def _rows(self, search: Search, bound: dict[str, Any], *, limit: int) -> list[Any]:
        statement = self._statements.get(search.plan, lambda: page_statement(search))
        return self._reader.rows(statement, {"offset": search.offset, **bound, "limit": limit})

    def _page(self, search: Search, rows: list[Any]) -> Page:
        more = search.by_cursor and len(rows) > search.limit
        rows = rows[: search.limit]
        if search.backwards:
            rows.reverse()
        bodies, seqs = [row[1] for row in rows], [row[0] for row in rows]
        if not (search.by_cursor and rows):
            return Page(bodies, seqs, 0, more=more)
        first, last = (
            Position(row[2] if search.sort is not None else None, row[0])
            for row in (rows[0], rows[-1])
        )
        return Page(bodies, seqs, 0, first, last, more)

    def _total(self, search: Search, bound: dict[str, Any]) -> int:
        if not search.shape:
            counters = self._reader.rows(self._statements.get("counters", _counters), bound)
            asked = {each.name for each in search.types}
            return sum(total for name, total in counters if name in asked)
        key = ("count", search.types, search.shape)
        statement = self._statements.get(key, lambda: count_statement(search))
        return int(self._reader.rows(statement, bound)[0][0])


def get_statement(resource_type: ResourceType, collections: bool) -> ClauseElement:
    """One resource: version, finished JSON and ``seq``; parameters unit, id and base."""
    return select(
        resource.c.version, document((resource_type,), collections=collections), resource.c.seq
    ).where(
        resource.c.unit_id == UNIT,
        resource.c.id == bindparam("id", type_=Text()),
        resource.c.resource_type == resource_type.name,
        resource.c.served,
    )  # fmt: skip


def _counters() -> ClauseElement:
    query = select(population.c.resource_type, population.c.total)
    return query.where(population.c.unit_id == UNIT)


def _nearest_waypoint() -> ClauseElement:
    """``(total, ordinal, seq)``: the counter, and the last waypoint not after ``skip``."""
    kind = bindparam("type", type_=Text())
    on = and_(
        waypoint.c.unit_id == population.c.unit_id,
        waypoint.c.resource_type == population.c.resource_type,
        waypoint.c.ordinal <= bindparam("skip", type_=Integer()),
    )
    return (
        select(population.c.total, waypoint.c.ordinal, waypoint.c.seq)
        .select_from(population.outerjoin(waypoint, on))
        .where(population.c.unit_id == UNIT, population.c.resource_type == kind)
        .order_by(waypoint.c.ordinal.desc())
        .limit(1)
    )


def person_with_key(connection: Connection, unit_id: int, key: str) -> int:
    """The ``seq`` of the unit's person with this key in the register, served or not.

    Raises :class:`~scim_server.errors.BadInput` where the unit has none.
    """
    seq = connection.scalar(
        select(resource.c.seq).where(
            resource.c.unit_id == unit_id,
            resource.c.resource_type == "User",
            resource.c.external_id == key,
        )
    )
    if seq is None:
        raise BadInput("The unit has no person with this key.")
    return int(seq)
