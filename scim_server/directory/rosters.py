"""Reading a register unit as a roster: schools, what is taught, people, classes and enrolments.

A class is a Group, an enrolment a membership of two ends that are served. Pages are found in SQL;
the lists that a unit has few of come whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    select,
    union,
    union_all,
)
from sqlalchemy.sql.selectable import FromClause, Select

from scim_server.database import Database, Statements
from scim_server.database.schema import key_text
from scim_server.directory.attributes import UNIT
from scim_server.directory.expressions import Among, ByCodePoint, Joined, NotSought, Stored
from scim_server.directory.ids import resource_id
from scim_server.directory.roster_conditions import (
    Choice,
    Comparison,
    Condition,
    Field,
    Fields,
    Moment,
    Settlement,
    Several,
    Words,
    settle,
)
from scim_server.directory.tables import (
    MEMBERSHIP,
    decision,
    element,
    former_membership,
    membership,
    population,
    resource,
    resource_school,
    school,
    unit,
    waypoint,
)
from scim_server.errors import InvalidPath

_GROUP = "urn:scim-server:schemas:uonet:1.0:Group"
_SUBJECT = ByCodePoint(Stored(resource.c.folded, f"{_GROUP}:subject", is_boolean=False))
_YEAR = ByCodePoint(Stored(resource.c.folded, f"{_GROUP}:schoolYear", is_boolean=False))


@dataclass(frozen=True, slots=True)
class School:
    """A school that publishes; ``key`` is its number in the store, ``since`` when it began to."""

    key: int
    id: str
    name: str
    since: str


@dataclass(frozen=True, slots=True)
class Whole:
    """The unit, in what a roster tells of it, and its schools that publish."""

    unit_id: int
    id: str
    name: str
    namespace: str
    created: str
    schools: tuple[School, ...]

    def subject_id(self, subject: str) -> str:
        """The id of a subject, by its folded name."""
        return resource_id(self.namespace, "Subject", subject)

    def year_id(self, year: str) -> str:
        return resource_id(self.namespace, "SchoolYear", year)

    def term_id(self, year: str) -> str:
        return resource_id(self.namespace, "Term", year)


@dataclass(frozen=True, slots=True)
class Taught:
    """A subject in a school year at a school, from the groups there. ``subject`` is as it is
    written, ``key`` folded. ``first`` and ``last`` are when the first and the last of its groups
    that are ``active``, or of those that are not, was edited.
    """

    key: str
    subject: str
    year: str
    school: int
    active: bool
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a list, and which page of it. ``sort`` is a field, or none."""

    condition: Condition
    limit: int
    offset: int = 0
    sort: str | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    seq: int
    id: str
    edited: str
    active: bool
    is_pupil: bool
    login: str
    document: Mapping[str, Any]
    schools: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Class:
    seq: int
    id: str
    edited: str
    active: bool
    subject: str
    year: str
    document: Mapping[str, Any]
    schools: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """``dated`` is when it began, or ended where it isn't ``active``."""

    class_seq: int
    person_seq: int
    class_id: str
    person_id: str
    dated: str
    is_pupil: bool
    school: int
    active: bool


class Rosters:
    """The read side of the store for rosters. Every method takes the unit that it reads."""

    def __init__(self, database: Database) -> None:
        self._reader = database.reader
        self._statements = Statements(database.main)

    def whole(self, unit_id: int) -> Whole:
        """The unit, which has to exist, and its schools that publish."""
        statement = self._statements.get("whole", _whole)
        rows = self._reader.rows(statement, {"unit": unit_id})
        name, namespace, created = rows[0][:3]
        schools = tuple(
            School(row[3], resource_id(namespace, "School", str(row[3])), row[4], row[5])
            for row in rows
            if row[3] is not None
        )
        id = resource_id(namespace, "Unit", str(unit_id))
        return Whole(unit_id, id, name, namespace, created, schools)

    def taught(self, unit_id: int) -> list[Taught]:
        """Every subject that a served group is of, by school year and school."""
        rows = self._reader.rows(self._statements.get("taught", _taught), {"unit": unit_id})
        examples: dict[str, int] = {}
        for row in rows:
            examples[row[0]] = min(row[6], examples.get(row[0], row[6]))
        asked = {"unit": unit_id, "seqs": orjson.dumps(list(examples.values())).decode()}
        heads = self._reader.rows(self._statements.get("heads", _heads), asked)
        written = {seq: orjson.loads(head + "}")[_GROUP]["subject"] for seq, head in heads}
        return [
            Taught(row[0], written[examples[row[0]]], row[1], row[2], bool(row[3]), row[4], row[5])
            for row in rows
        ]

    def people(self, whole: Whole, ask: Ask) -> tuple[list[Person], int]:
        """A page of people, and how many there are in all."""
        rows, total = self._page(whole, "User", _people_fields(whole), ask)
        return [
            Person(row[0], row[1], row[2], bool(row[3]), row[4] == "student", row[5],
                   orjson.loads(row[6] + "}"), _numbers(row[7]))
            for row in rows
        ], total  # fmt: skip

    def classes(self, whole: Whole, ask: Ask) -> tuple[list[Class], int]:
        """A page of classes, and how many there are in all."""
        fields = _class_fields(whole, self.taught(whole.unit_id) if _names_taught(ask) else [])
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
        ask = replace(ask, condition=_by_both_ends(ask.condition))
        parts = [_Part.of(whole, ask.condition, active=active) for active in (True, False)]
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
        return [_enrolment(row) for row in found], total

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
                _served(kind), settlement.where(fields)
            ),
        )  # fmt: skip
        return rows, self._reader.rows(count, bound)[0][0]

    def _size(self, part: _Part, bound: Mapping[str, Any]) -> int:
        if part.is_whole_list:
            row = self._reader.row(self._statements.get("enrolled", _enrolled), bound)
            return int(row[0]) if row else 0
        statement = self._statements.get(("size", part.plan), part.count)
        return int(self._reader.rows(statement, {**bound, **part.parameters})[0][0])

    def _rows(self, part: _Part, ask: Ask, bound: Mapping[str, Any]) -> list[Any]:
        asked = {**bound, **part.parameters, "limit": ask.limit, "offset": ask.offset}
        by_waypoint = part.is_whole_list and ask.sort is None
        if by_waypoint:
            where = self._statements.get("class of", _nearest_class)
            row = self._reader.row(where, {**bound, "skip": ask.offset})
            ordinal, start = row or (0, 0)
            asked |= {"offset": ask.offset - ordinal, "start": start}
        plan = ("enrolments", part.plan, ask.sort, ask.descending, by_waypoint)
        statement = self._statements.get(plan, lambda: part.page(ask, by_waypoint))
        return self._reader.rows(statement, asked)

    def _merged(
        self, parts: list[_Part], ask: Ask, bound: Mapping[str, Any]
    ) -> tuple[list[Enrolment], int]:
        """Sorted by a field, what holds and what ended stand among one another."""
        plan = ("merged", *(each.plan for each in parts), ask.sort, ask.descending)
        asked = dict(bound)
        for each in parts:
            asked |= each.parameters
        statement = self._statements.get(plan, lambda: _merge(parts, ask))
        rows = self._reader.rows(statement, {**asked, "limit": ask.limit, "offset": ask.offset})
        return [_enrolment(row) for row in rows], sum(self._size(each, bound) for each in parts)


def _whole() -> Select[Any]:
    began = (
        select(func.max(decision.c.at))
        .where(decision.c.school_id == school.c.id, decision.c.synchronised)
        .correlate(school)
        .scalar_subquery()
    )
    publishing = and_(school.c.unit_id == unit.c.id, school.c.synchronised)
    return (
        select(
            unit.c.name, unit.c.namespace, unit.c.created, school.c.id, school.c.name,
            func.coalesce(began, unit.c.created),
        )
        .select_from(unit.outerjoin(school, publishing))
        .where(unit.c.id == UNIT)
        .order_by(school.c.id)
    )  # fmt: skip


def _taught() -> Select[Any]:
    keys = (_SUBJECT, _YEAR, resource_school.c.school_id, resource.c.active)
    return (
        select(
            *keys, func.min(resource.c.edited), func.max(resource.c.edited),
            func.min(resource.c.seq),
        )
        .join(resource_school, resource_school.c.seq == resource.c.seq)
        .where(_served("Group"))
        .group_by(*keys)
        .order_by(*keys)
    )  # fmt: skip


def _heads() -> Select[Any]:
    among = Among(resource.c.seq, bindparam("seqs", type_=Text()), numbers=True)
    return select(resource.c.seq, resource.c.head).where(resource.c.unit_id == UNIT, among)


def _served(kind: str) -> ColumnElement[bool]:
    return and_(resource.c.unit_id == UNIT, resource.c.resource_type == kind, resource.c.served)


def _page(kind: str, settlement: Settlement, fields: Fields, ask: Ask) -> Select[Any]:
    """Find the page in indexes first, as far as they go, and read documents only of it."""
    key = _sort_key(fields, ask.sort)
    found = select(resource.c.seq, *([] if key is None else [key.label("key")]))
    found = found.where(_served(kind), settlement.where(fields))
    order = _order(key, ask.descending, resource.c.seq)
    page = found.order_by(*order).limit(_LIMIT).offset(_OFFSET).subquery("page")
    own = (
        (resource.c.user_type, resource.c.user_name)
        if kind == "User"
        else (_SUBJECT.label("subject"), _YEAR.label("year"))
    )
    columns = (
        resource.c.seq, resource.c.id, resource.c.edited, resource.c.active, *own, resource.c.head,
        Joined(_places()),
    )  # fmt: skip
    shown = select(*columns).join(page, page.c.seq == resource.c.seq)
    return shown.order_by(*_order(page.c.get("key"), ask.descending, page.c.seq))


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


_LIMIT = bindparam("limit", type_=Integer())
_OFFSET = bindparam("offset", type_=Integer())


def _order(
    key: ColumnElement[Any] | None, descending: bool, *last: ColumnElement[Any]
) -> list[ColumnElement[Any]]:
    """By the key, missing ones last, and by ``last``."""
    if key is None:
        return list(last)
    return [(key.desc() if descending else key.asc()).nulls_last(), *last]


def _sort_key(fields: Fields, name: str | None) -> ColumnElement[Any] | None:
    if name is None:
        return None
    field = fields[name]
    if isinstance(field, Several):
        raise InvalidPath(f"{name} may have several values: it can't be sorted by.")
    if isinstance(field, Choice):
        if field.expression is None:
            return None
        return _spelt(field)
    return field.expression


def _spelt(field: Choice) -> ColumnElement[Any]:
    """The values of a choice in their own order, not their keys'."""
    pairs = [(field.expression == key, literal(name, Text())) for name, key in field.keys.items()]
    return case(*pairs) if pairs else literal("", Text())


# Fields


def _people_fields(whole: Whole) -> Fields:
    phone = (
        select(func.min(element.c.value))
        .where(element.c.seq == resource.c.seq, element.c.attribute == "phoneNumbers")
        .correlate(resource)
        .scalar_subquery()
    )
    return {
        **_common_fields(whole),
        "username": Words(resource.c.user_name),
        "enabledUser": Choice({"true": True, "false": False}, resource.c.active),
        "givenName": Words(resource.c.given_name),
        "familyName": Words(resource.c.family_name),
        "phone": Words(phone),
        "role": Choice(_ROLES, resource.c.user_type),
        "class": Several(_is_in_class, key_text()),
    }


def _class_fields(whole: Whole, taught: list[Taught]) -> Fields:
    courses = {whole.subject_id(each.key): each.key for each in taught}
    terms = {whole.term_id(each.year): each.year for each in taught}
    return {
        **_common_fields(whole),
        "title": Words(resource.c.display_name),
        "classType": Choice({"scheduled": True}, always=True),
        "course": Choice(courses, _SUBJECT),
        "subjects": Words(_SUBJECT),
        "term": Choice(terms, _YEAR),
        "person": Several(_has_person, key_text()),
    }


def _common_fields(whole: Whole) -> dict[str, Field]:
    return {
        "sourcedId": Words(resource.c.id),
        "status": Choice(_STATUSES, resource.c.active),
        "dateLastModified": Moment(resource.c.edited),
        "school": Several(
            lambda key: _is_at(resource.c.seq, key),
            Integer(),
            {each.id: each.key for each in whole.schools},
        ),
    }


_STATUSES = {"active": True, "tobedeleted": False}
_ROLES = {"student": "student", "teacher": "employee"}


def _names_taught(ask: Ask) -> bool:
    named = {each.field for comparisons in ask.condition for each in comparisons}
    return bool((named | {ask.sort}) & {"course", "term"})


def _is_at(seq: ColumnElement[Any], key: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists().where(resource_school.c.seq == seq, resource_school.c.school_id == key)


def _seq_of(id: ColumnElement[Any]) -> Any:
    one = resource.alias("one")
    query = select(one.c.seq).where(one.c.unit_id == UNIT, one.c.id == id, one.c.served)
    return query.scalar_subquery()


def _is_in_class(id: ColumnElement[Any]) -> ColumnElement[bool]:
    members = select(membership.c.member_seq).where(membership.c.group_seq == _seq_of(id))
    return resource.c.seq.in_(members)


def _has_person(id: ColumnElement[Any]) -> ColumnElement[bool]:
    groups = select(membership.c.group_seq).where(membership.c.member_seq == _seq_of(id))
    return resource.c.seq.in_(groups)


# Enrolments


class _Part:
    """Enrolments that hold, or those that ended, as far as they satisfy a condition."""

    def __init__(self, fields: Fields, settlement: Settlement, rows: FromClause, active: bool):
        self.fields, self.settlement, self.rows, self.active = fields, settlement, rows, active

    @classmethod
    def of(cls, whole: Whole, condition: Condition, *, active: bool) -> _Part:
        rows = _LISTED if active else _FORMER
        fields = _enrolment_fields(whole, rows, active)
        return cls(fields, settle(condition, fields), rows, active)

    @property
    def is_whole_list(self) -> bool:
        return self.active and self.settlement.is_everything

    @property
    def plan(self) -> tuple[Any, ...]:
        return (self.active, self.settlement.plan)

    @property
    def parameters(self) -> dict[str, Any]:
        return {self._own(name): value for name, value in self.settlement.parameters.items()}

    def count(self) -> Select[Any]:
        return self._where(select(func.count()).select_from(self.rows))

    def page(self, ask: Ask, by_waypoint: bool) -> Select[Any]:
        query = self.select()
        if by_waypoint:
            start = bindparam("start", type_=Integer())
            query = query.where(self.rows.c.group_seq >= start)
        key = _sort_key(self.fields, ask.sort)
        order = _order(key, ask.descending, self.rows.c.group_seq, self.rows.c.member_seq)
        return query.order_by(*order).limit(_LIMIT).offset(_OFFSET)

    def select(self, *more: ColumnElement[Any]) -> Select[Any]:
        rows = self.rows
        place = (
            select(func.min(resource_school.c.school_id))
            .where(resource_school.c.seq == rows.c.group_seq)
            .correlate(rows)
            .scalar_subquery()
        )
        query = select(
            rows.c.group_seq, rows.c.member_seq, _CLASS.c.id.label("class_id"),
            _PERSON.c.id.label("person_id"), _dated(rows).label("dated"), _PERSON.c.user_type,
            place.label("school"), literal(self.active).label("active"), *more,
        )  # fmt: skip
        return self._where(query.select_from(rows))

    def _where(self, query: Select[Any]) -> Select[Any]:
        rows = self.rows
        query = query.join(_CLASS, _CLASS.c.seq == rows.c.group_seq)
        query = query.join(_PERSON, _PERSON.c.seq == rows.c.member_seq)
        ends = [NotSought(each.c.served) for each in (_CLASS, _PERSON)]
        where = self.settlement.where(self.fields, self._own)
        return query.where(rows.c.unit_id == UNIT, *[end.is_(True) for end in ends], where)

    def _own(self, name: str) -> str:
        return name if self.active else f"former_{name}"


_CLASS = resource.alias("class")
_PERSON = resource.alias("person")
_LISTED = membership.alias("listed")
_FORMER = former_membership.alias("former")


def _enrolment_fields(whole: Whole, rows: FromClause, active: bool) -> Fields:
    keys = {each.id: each.key for each in whole.schools}
    at = _dated(rows)
    return {
        "sourcedId": Words(_CLASS.c.id.concat(".").concat(_PERSON.c.id)),
        "status": Choice(_STATUSES, always=active),
        "dateLastModified": Moment(at, _is_of_late if active else None),
        "role": Choice(_ROLES, _PERSON.c.user_type),
        "primary": Choice({"false": False}, always=False),
        "user": Words(_PERSON.c.id, lambda id: rows.c.member_seq == _seq_of(id)),
        "class": Words(_CLASS.c.id, lambda id: rows.c.group_seq == _seq_of(id)),
        "school": Several(lambda key: _is_at(rows.c.group_seq, key), Integer(), keys),
    }


def _dated(rows: FromClause) -> ColumnElement[Any]:
    return rows.c.since if "since" in rows.c else rows.c.ended


def _is_of_late(at: ColumnElement[Any]) -> ColumnElement[bool]:
    """A membership that began moved its class or came with it, and an index knows which moved."""
    own = [resource.c.unit_id == UNIT, resource.c.resource_type == "Group", resource.c.served]
    moved = union(
        *[select(resource.c.seq).where(*own, column >= at)
          for column in (resource.c.modified, resource.c.edited)]
    )  # fmt: skip
    return _LISTED.c.group_seq.in_(moved)


def _by_both_ends(condition: Condition) -> Condition:
    """An enrolment is asked for by its class and its person, of which its id is made."""
    return tuple(
        tuple(each for comparison in comparisons for each in _ends_of(comparison))
        for comparisons in condition
    )


def _ends_of(asked: Comparison) -> tuple[Comparison, ...]:
    class_id, dot, person_id = asked.value.partition(".")
    if (asked.field, asked.operator, dot) != ("sourcedId", "=", "."):
        return (asked,)
    return (Comparison("class", "=", class_id), Comparison("user", "=", person_id))


def _merge(parts: list[_Part], ask: Ask) -> Select[Any]:
    keys = [_sort_key(each.fields, ask.sort) for each in parts]
    statuses = [literal("active" if each.active else "tobedeleted", Text()) for each in parts]
    if ask.sort == "status":
        keys = list(statuses)
    queries = [
        each.select((literal("", Text()) if key is None else key).label("key"))
        for each, key in zip(parts, keys, strict=True)
    ]
    rows = union_all(*queries).subquery("rows")
    order = _order(rows.c.key, ask.descending, rows.c.group_seq, rows.c.member_seq)
    columns = [each for each in rows.c if each.name != "key"]
    return select(*columns).order_by(*order).limit(_LIMIT).offset(_OFFSET)


def _enrolled() -> Select[Any]:
    return select(population.c.total).where(
        population.c.unit_id == UNIT, population.c.resource_type == MEMBERSHIP
    )


def _nearest_class() -> Select[Any]:
    """``(ordinal, seq)`` of the class that the enrolment after ``skip`` others belongs to."""
    skip = bindparam("skip", type_=Integer())
    return (
        select(waypoint.c.ordinal, waypoint.c.seq)
        .where(
            waypoint.c.unit_id == UNIT,
            waypoint.c.resource_type == MEMBERSHIP,
            waypoint.c.ordinal <= skip,
        )
        .order_by(waypoint.c.ordinal.desc())
        .limit(1)
    )


def _enrolment(row: Any) -> Enrolment:
    return Enrolment(
        row[0], row[1], row[2], row[3], row[4], row[5] == "student", row[6], bool(row[7])
    )


def _numbers(listed: str | None) -> tuple[int, ...]:
    return tuple(map(int, listed.split(","))) if listed else ()
