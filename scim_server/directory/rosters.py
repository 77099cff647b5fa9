"""Reading a register unit as a roster: schools, what is taught, people, classes and enrolments.

A class is a Group, an enrolment a membership of two ends that are served. Pages are found in SQL;
the lists that a unit has few of come whole.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Text, and_, bindparam, func, select
from sqlalchemy.sql.selectable import Select

from scim_server.database import Database, Prepared, Statements
from scim_server.database.schema import big_key
from scim_server.directory.attributes import UNIT
from scim_server.directory.enrolments import (
    Part,
    Start,
    by_both_ends,
    merged_statement,
    nearest_class_statement,
    total_statement,
)
from scim_server.directory.expressions import Among, Finished, NotSought
from scim_server.directory.ids import resource_id
from scim_server.directory.roster_bookmarks import Bookmarks, List
from scim_server.directory.roster_conditions import Fields, Settlement, settle
from scim_server.directory.roster_fields import (
    AFTER,
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
from scim_server.directory.roster_ids import roster_id, roster_ids
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
from scim_server.errors import DatabaseUnavailable

_WALKED_BY = {"status", "role"}
"""Fields of few values, each of which much of a list has: walking it is the way to find them."""

_DENSE = 2
"""So many times wider than a page a range of numbers may be, to be read whole."""


class Rosters:
    """The read side of the store for rosters. Every method takes the unit that it reads."""

    def __init__(self, database: Database) -> None:
        self._reader = database.reader
        self._statements = Statements(database.main)
        self._bookmarks = Bookmarks()

    def whole(self, unit_id: int) -> Whole:
        """The unit, which has to exist, and its schools that publish."""
        statement = self._statements.get("whole", _whole)
        rows = self._reader.rows(statement, {"unit": unit_id})
        name, namespace, changed, change = rows[0][:4]
        schools = tuple(
            School(row[4], roster_id(resource_id(namespace, "School", str(row[4]))), *row[5:])
            for row in rows
            if row[4] is not None
        )
        id = roster_id(resource_id(namespace, "Unit", str(unit_id)))
        return Whole(unit_id, id, name, namespace, changed, change, schools)

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
        schools = self._schools(whole, [row[0] for row in rows])
        with _at_one_time():
            return [Person._make((*row, schools[row[0]])) for row in rows], total

    def classes(self, whole: Whole, ask: Ask) -> tuple[list[Class], int]:
        """A page of classes, and how many there are in all."""
        fields = class_fields(whole, self.taught(whole.unit_id) if names_taught(ask) else [])
        rows, total = self._page(whole, "Group", fields, ask)
        schools = self._schools(whole, [row[0] for row in rows])
        with _at_one_time():
            return [Class._make((*row, schools[row[0]])) for row in rows], total

    def enrolments(self, whole: Whole, ask: Ask) -> tuple[list[Enrolment], int]:
        """A page of enrolments, and how many there are in all: those that hold, in the order of
        classes and people, and then those that ended.
        """
        ask = replace(ask, condition=by_both_ends(ask.condition))
        parts = [Part.of(whole, ask.condition, active=active) for active in (True, False)]
        parts = [each for each in parts if not each.settlement.is_nothing]
        if ask.sort is not None and len(parts) > 1:
            rows, total = self._merged(whole, parts, ask)
        else:
            rows, total = self._parts(whole, parts, ask)
        groups = sorted({row[0] for row in rows})
        schools, ids = self._schools(whole, groups), self._class_ids(whole, groups)
        with _at_one_time():
            classes = {group: (ids[group], schools[group][0]) for group in groups}
            return [Enrolment._make((*row, *classes[row[0]])) for row in rows], total

    def _page(self, whole: Whole, kind: str, fields: Fields, ask: Ask) -> tuple[list[Any], int]:
        settlement = settle(ask.condition, fields)
        if settlement.is_nothing:
            return [], 0
        asked = {"unit": whole.unit_id, **settlement.parameters, "limit": ask.limit}
        listed = _listed(whole, (kind, settlement.plan), settlement.parameters)
        is_walk = ask.sort is None and settlement.fields <= _WALKED_BY
        after = self._bookmarks.place(listed, ask.offset) if ask.sort is None else None
        if is_walk and not ask.offset:
            after = 0
        plan = (kind, settlement.plan, ask.sort, ask.descending, after is None)
        page = self._statements.get(plan, lambda: _page(kind, settlement, fields, ask, after))
        rows = self._reader.rows(page, {**asked, "offset": ask.offset, "after": after})
        if ask.sort is None and len(rows) == ask.limit:
            self._bookmarks.keep_place(listed, ask.offset + ask.limit, rows[-1][0])
        if len(rows) < ask.limit and (rows or not ask.offset):
            return rows, ask.offset + len(rows)
        count = self._statements.get(
            ("count", kind, settlement.plan),
            lambda: select(func.count()).select_from(resource).where(
                served(kind), settlement.where(fields)
            ),
        )  # fmt: skip
        return rows, self._count(listed, count, asked)

    def _parts(self, whole: Whole, parts: list[Part], ask: Ask) -> tuple[list[Any], int]:
        found: list[Any] = []
        total, offset = 0, ask.offset
        for part in parts:
            size = self._size(whole, part)
            missing = ask.limit - len(found)
            if missing and offset < size:
                found += self._rows(whole, part, replace(ask, offset=offset, limit=missing))
            total, offset = total + size, max(0, offset - size)
        return found, total

    def _rows(self, whole: Whole, part: Part, ask: Ask) -> list[Any]:
        asked = {"unit": whole.unit_id, **part.parameters, "limit": ask.limit}
        listed = _listed(whole, part.plan, part.parameters)
        after = self._bookmarks.place(listed, ask.offset) if ask.sort is None else None
        by_waypoint = after is None and part.is_whole_list and ask.sort is None
        offset = ask.offset
        if by_waypoint:
            where = self._statements.get("class of", nearest_class_statement)
            row = self._reader.row(where, {"unit": whole.unit_id, "skip": offset})
            ordinal, start = row or (0, 0)
            offset, asked["start"] = offset - ordinal, start
        elif after is not None:
            asked["after"], asked["after_member"] = after
        start_at: Start = "waypoint" if by_waypoint else "offset" if after is None else "bookmark"
        plan = ("enrolments", part.plan, ask.sort, ask.descending, start_at)
        statement = self._statements.get(plan, lambda: part.page(ask, start_at))
        rows = self._reader.rows(statement, {**asked, "offset": offset})
        if ask.sort is None and len(rows) == ask.limit:
            self._bookmarks.keep_place(listed, ask.offset + ask.limit, rows[-1][:2])
        return rows

    def _merged(self, whole: Whole, parts: list[Part], ask: Ask) -> tuple[list[Any], int]:
        """Sorted by a field, what holds and what ended stand among one another."""
        plan = ("merged", *(each.plan for each in parts), ask.sort, ask.descending)
        asked = {"unit": whole.unit_id, "limit": ask.limit, "offset": ask.offset}
        for each in parts:
            asked |= each.parameters
        statement = self._statements.get(plan, lambda: merged_statement(parts, ask))
        rows = self._reader.rows(statement, asked)
        return rows, sum(self._size(whole, each) for each in parts)

    def _size(self, whole: Whole, part: Part) -> int:
        asked = {"unit": whole.unit_id, **part.parameters}
        if part.is_whole_list:
            row = self._reader.row(self._statements.get("enrolled", total_statement), asked)
            return int(row[0]) if row else 0
        statement = self._statements.get(("size", part.plan), part.count)
        return self._count(_listed(whole, part.plan, part.parameters), statement, asked)

    def _count(self, listed: List, statement: Prepared, asked: Mapping[str, Any]) -> int:
        total = self._bookmarks.total(listed)
        if total is None:
            total = int(self._reader.rows(statement, asked)[0][0])
            self._bookmarks.keep_total(listed, total)
        return total

    def _schools(self, whole: Whole, seqs: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """The numbers of the publishing schools that hold each of the resources."""
        first, last = min(seqs, default=0), max(seqs, default=0)
        is_range = last - first < _DENSE * len(seqs)
        asked: dict[str, Any] = {"unit": whole.unit_id, "first": first, "last": last}
        if not is_range:
            asked["seqs"] = orjson.dumps(seqs).decode()
        statement = self._statements.get(("schools", is_range), lambda: _schools(is_range))
        alone = {each.key: (each.key,) for each in whole.schools}
        found: dict[int, tuple[int, ...]] = {}
        for seq, key in self._reader.rows(statement, asked):
            if key in alone:
                found[seq] = found[seq] + alone[key] if seq in found else alone[key]
        return found

    def _class_ids(self, whole: Whole, groups: Sequence[int]) -> dict[int, str]:
        asked = {"unit": whole.unit_id, "seqs": orjson.dumps(groups).decode()}
        return dict(self._reader.rows(self._statements.get("class ids", _class_ids), asked))


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
        select(unit.c.name, unit.c.namespace, changed, unit.c.change, school.c.id,
               school.c.name, func.coalesce(began, unit.c.created))
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
    return select(resource.c.seq, resource.c.head).where(*_these())


def _page(
    kind: str, settlement: Settlement, fields: Fields, ask: Ask, after: int | None
) -> Select[Any]:
    """A page is found in indexes first, as far as they go, and documents are read only of it. What
    much of the list has is met with on the way: there the list is walked from a row that is known.
    """
    key = sort_key(fields, ask.sort)
    found = select(resource.c.seq, *([] if key is None else [key.label("key")]))
    found = found.where(served(kind), settlement.where(fields)).limit(LIMIT)
    found = found.order_by(*ordered(key, ask.descending, resource.c.seq))
    if after is not None and settlement.fields <= _WALKED_BY:
        return found.where(resource.c.seq > AFTER).with_only_columns(*_columns(kind))
    found = (
        found.offset(OFFSET) if after is None else found.where(NotSought(resource.c.seq) > AFTER)
    )
    page = found.subquery("page")
    shown = select(*_columns(kind)).join(page, page.c.seq == resource.c.seq)
    return shown.order_by(*ordered(page.c.get("key"), ask.descending, page.c.seq))


def _columns(kind: str) -> tuple[ColumnElement[Any], ...]:
    own = (
        (resource.c.user_type, resource.c.user_name)
        if kind == "User"
        else (SUBJECT.label("subject"), YEAR.label("year"))
    )
    common = (
        resource.c.seq, roster_ids(resource.c.id), resource.c.edited, resource.c.active,
    )  # fmt: skip
    return (*common, *own, Finished((resource.c.head,)))


def _schools(is_range: bool) -> Select[Any]:
    seq, key = resource_school.c.seq, resource_school.c.school_id
    first, last = (bindparam(name, type_=big_key()) for name in ("first", "last"))
    these = seq.between(first, last) if is_range else _among(seq)
    return select(seq, key).where(resource_school.c.unit_id == UNIT, these).order_by(seq, key)


def _class_ids() -> Select[Any]:
    return select(resource.c.seq, roster_ids(resource.c.id)).where(*_these())


def _these() -> tuple[ColumnElement[bool], Among]:
    return NotSought(resource.c.unit_id) == UNIT, _among(resource.c.seq)


def _among(seq: ColumnElement[Any]) -> Among:
    return Among(seq, bindparam("seqs", type_=Text()), numbers=True)


def _listed(whole: Whole, plan: Hashable, parameters: Mapping[str, Any]) -> List:
    return List(whole.namespace, whole.change, plan, tuple(parameters.values()))


@contextmanager
def _at_one_time() -> Iterator[None]:
    """Of what was read by several statements some may be missing, where schools were decided about
    between them.
    """
    try:
        yield
    except (KeyError, IndexError) as error:
        raise DatabaseUnavailable(
            "The unit's schools changed while this was read. Try again in a moment."
        ) from error
