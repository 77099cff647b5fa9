"""Reading a register unit as a roster: schools, what is taught, people, classes and enrolments.

A class is a Group, an enrolment a membership of two ends that are served. Pages are found in SQL;
the lists that a unit has few of come whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Text, and_, bindparam, cast, func, select
from sqlalchemy.sql.selectable import Select

from scim_server.database import Database, Statements
from scim_server.directory.attributes import UNIT
from scim_server.directory.enrolments import (
    Part,
    by_both_ends,
    enrolment_of,
    merged_statement,
    nearest_class_statement,
    total_statement,
)
from scim_server.directory.expressions import Among, Joined
from scim_server.directory.ids import resource_id
from scim_server.directory.roster_conditions import Fields, Settlement, settle
from scim_server.directory.roster_fields import (
    GROUP,
    LIMIT,
    OFFSET,
    SUBJECT,
    YEAR,
    class_fields,
    names_taught,
    ordered,
    people_fields,
    served,
    sort_key,
)
from scim_server.directory.roster_records import (
    Ask,
    Class,
    Enrolment,
    Person,
    School,
    Taught,
    Whole,
)
from scim_server.directory.tables import decision, resource, resource_school, school, unit


class Rosters:
    """The read side of the store for rosters. Every method takes the unit that it reads."""

    def __init__(self, database: Database) -> None:
        self._reader = database.reader
        self._statements = Statements(database.main)

    def whole(self, unit_id: int) -> Whole:
        """The unit, which has to exist, and its schools that publish."""
        statement = self._statements.get("whole", _whole)
        rows = self._reader.rows(statement, {"unit": unit_id})
        name, namespace, changed = rows[0][:3]
        schools = tuple(
            School(row[3], resource_id(namespace, "School", str(row[3])), row[4], row[5])
            for row in rows
            if row[3] is not None
        )
        id = resource_id(namespace, "Unit", str(unit_id))
        return Whole(unit_id, id, name, namespace, changed, schools)

    def taught(self, unit_id: int) -> list[Taught]:
        """Every subject that a served group is of, by school year and school."""
        rows = self._reader.rows(self._statements.get("taught", _taught), {"unit": unit_id})
        examples: dict[str, int] = {}
        for row in rows:
            examples[row[0]] = min(row[6], examples.get(row[0], row[6]))
        asked = {"unit": unit_id, "seqs": orjson.dumps(list(examples.values())).decode()}
        heads = self._reader.rows(self._statements.get("heads", _heads), asked)
        written = {seq: orjson.loads(head + "}")[GROUP]["subject"] for seq, head in heads}
        return [
            Taught(row[0], written[examples[row[0]]], row[1], row[2], bool(row[3]), row[4], row[5])
            for row in rows
        ]

    def people(self, whole: Whole, ask: Ask) -> tuple[list[Person], int]:
        """A page of people, and how many there are in all."""
        rows, total = self._page(whole, "User", people_fields(whole), ask)
        return [
            Person(row[0], row[1], row[2], bool(row[3]), row[4] == "student", row[5],
                   orjson.loads(row[6] + "}"), _numbers(row[7]))
            for row in rows
        ], total  # fmt: skip

    def classes(self, whole: Whole, ask: Ask) -> tuple[list[Class], int]:
        """A page of classes, and how many there are in all."""
        fields = class_fields(whole, self.taught(whole.unit_id) if names_taught(ask) else [])
        rows, total = self._page(whole, "Group", fields, ask)
        return [
            Class(row[0], row[1], row[2], bool(row[3]), row[4], row[5],
                  orjson.loads(row[6] + "}"), _numbers(row[7]))
            for row in rows
        ], total  # fmt: skip

    def enrolments(self, whole: Whole, ask: Ask) -> tuple[list[Enrolment], int]:
        """A page of enrolments, and how many there are in all: those that hold, in the order of
        classes and people, and then those that ended.
        """
        ask = replace(ask, condition=by_both_ends(ask.condition))
        parts = [Part.of(whole, ask.condition, active=active) for active in (True, False)]
        parts = [each for each in parts if not each.settlement.is_nothing]
        bound = {"unit": whole.unit_id}
        if ask.sort is not None and len(parts) > 1:
            return self._merged(parts, ask, bound)
        found: list[Any] = []
        total, offset = 0, ask.offset
        for part in parts:
            size = self._size(part, bound)
            missing = ask.limit - len(found)
            if missing and offset < size:
                found += self._rows(part, replace(ask, offset=offset, limit=missing), bound)
            total, offset = total + size, max(0, offset - size)
        return [enrolment_of(row) for row in found], total

    def _page(self, whole: Whole, kind: str, fields: Fields, ask: Ask) -> tuple[list[Any], int]:
        settlement = settle(ask.condition, fields)
        if settlement.is_nothing:
            return [], 0
        bound = {"unit": whole.unit_id, **settlement.parameters}
        plan = (kind, settlement.plan, ask.sort, ask.descending)
        page = self._statements.get(plan, lambda: _page(kind, settlement, fields, ask))
        rows = self._reader.rows(page, {**bound, "limit": ask.limit, "offset": ask.offset})
        if len(rows) < ask.limit and (rows or not ask.offset):
            return rows, ask.offset + len(rows)
        count = self._statements.get(
            ("count", kind, settlement.plan),
            lambda: select(func.count()).select_from(resource).where(
                served(kind), settlement.where(fields)
            ),
        )  # fmt: skip
        return rows, self._reader.rows(count, bound)[0][0]

    def _size(self, part: Part, bound: Mapping[str, Any]) -> int:
        if part.is_whole_list:
            row = self._reader.row(self._statements.get("enrolled", total_statement), bound)
            return int(row[0]) if row else 0
        statement = self._statements.get(("size", part.plan), part.count)
        return int(self._reader.rows(statement, {**bound, **part.parameters})[0][0])

    def _rows(self, part: Part, ask: Ask, bound: Mapping[str, Any]) -> list[Any]:
        asked = {**bound, **part.parameters, "limit": ask.limit, "offset": ask.offset}
        by_waypoint = part.is_whole_list and ask.sort is None
        if by_waypoint:
            where = self._statements.get("class of", nearest_class_statement)
            row = self._reader.row(where, {**bound, "skip": ask.offset})
            ordinal, start = row or (0, 0)
            asked |= {"offset": ask.offset - ordinal, "start": start}
        plan = ("enrolments", part.plan, ask.sort, ask.descending, by_waypoint)
        statement = self._statements.get(plan, lambda: part.page(ask, by_waypoint))
        return self._reader.rows(statement, asked)

    def _merged(
        self, parts: list[Part], ask: Ask, bound: Mapping[str, Any]
    ) -> tuple[list[Enrolment], int]:
        """Sorted by a field, what holds and what ended stand among one another."""
        plan = ("merged", *(each.plan for each in parts), ask.sort, ask.descending)
        asked = dict(bound)
        for each in parts:
            asked |= each.parameters
        statement = self._statements.get(plan, lambda: merged_statement(parts, ask))
        rows = self._reader.rows(statement, {**asked, "limit": ask.limit, "offset": ask.offset})
        return [enrolment_of(row) for row in rows], sum(self._size(each, bound) for each in parts)


def _whole() -> Select[Any]:
    decided = select(func.max(decision.c.at)).where(decision.c.unit_id == unit.c.id)
    changed = func.coalesce(decided.correlate(unit).scalar_subquery(), unit.c.created)
    began = (
        select(func.max(decision.c.at))
        .where(decision.c.school_id == school.c.id, decision.c.synchronised)
        .correlate(school)
        .scalar_subquery()
    )
    publishing = and_(school.c.unit_id == unit.c.id, school.c.synchronised)
    return (
        select(unit.c.name, unit.c.namespace, changed, school.c.id, school.c.name,
               func.coalesce(began, unit.c.created))
        .select_from(unit.outerjoin(school, publishing))
        .where(unit.c.id == UNIT)
        .order_by(school.c.id)
    )  # fmt: skip


def _taught() -> Select[Any]:
    keys = (SUBJECT, YEAR, resource_school.c.school_id, resource.c.active)
    return (
        select(
            *keys, func.min(resource.c.edited), func.max(resource.c.edited),
            func.min(resource.c.seq),
        )
        .join(resource_school, resource_school.c.seq == resource.c.seq)
        .where(served("Group"))
        .group_by(*keys)
        .order_by(*keys)
    )  # fmt: skip


def _heads() -> Select[Any]:
    among = Among(resource.c.seq, bindparam("seqs", type_=Text()), numbers=True)
    return select(resource.c.seq, resource.c.head).where(resource.c.unit_id == UNIT, among)


def _page(kind: str, settlement: Settlement, fields: Fields, ask: Ask) -> Select[Any]:
    """Find the page in indexes first, as far as they go, and read documents only of it."""
    key = sort_key(fields, ask.sort)
    found = select(resource.c.seq, *([] if key is None else [key.label("key")]))
    found = found.where(served(kind), settlement.where(fields))
    order = ordered(key, ask.descending, resource.c.seq)
    page = found.order_by(*order).limit(LIMIT).offset(OFFSET).subquery("page")
    own = (
        (resource.c.user_type, resource.c.user_name)
        if kind == "User"
        else (SUBJECT.label("subject"), YEAR.label("year"))
    )
    columns = (
        resource.c.seq, resource.c.id, resource.c.edited, resource.c.active, *own, resource.c.head,
        Joined(_places()),
    )  # fmt: skip
    shown = select(*columns).join(page, page.c.seq == resource.c.seq)
    return shown.order_by(*ordered(page.c.get("key"), ask.descending, page.c.seq))


def _places() -> Select[Any]:
    """The numbers of the publishing schools that hold a resource."""
    key = resource_school.c.school_id
    return (
        select(cast(key, Text()).label("fragment"), key.label("place"))
        .join(school, school.c.id == key)
        .where(resource_school.c.seq == resource.c.seq, school.c.synchronised)
        .order_by(key)
        .correlate(resource)
    )


def _numbers(listed: str | None) -> tuple[int, ...]:
    return tuple(map(int, listed.split(","))) if listed else ()
