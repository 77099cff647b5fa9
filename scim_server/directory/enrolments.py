"""Enrolments in SQL: memberships of two ends that are served, and those that ended."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    bindparam,
    func,
    literal,
    select,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.sql.selectable import FromClause, Select

from scim_server.database.schema import big_key
from scim_server.directory.attributes import UNIT
from scim_server.directory.expressions import NotSought
from scim_server.directory.roster_conditions import (
    Choice,
    Comparison,
    Condition,
    Fields,
    Id,
    Moment,
    Settlement,
    Several,
    settle,
)
from scim_server.directory.roster_fields import (
    AFTER,
    LIMIT,
    OFFSET,
    ROLES,
    STATUSES,
    is_at,
    ordered,
    seq_of,
    sort_key,
)
from scim_server.directory.roster_ids import LENGTH, roster_ids
from scim_server.directory.roster_records import Ask, Whole
from scim_server.directory.tables import (
    MEMBERSHIP,
    former_membership,
    membership,
    population,
    resource,
    waypoint,
)

Start = Literal["offset", "waypoint", "bookmark"]
"""Where a page is looked for: so many rows on, so many from a class on, or after a row."""

_AFTER_MEMBER = bindparam("after_member", type_=big_key())


class Part:
    """Enrolments that hold, or those that ended, as far as they satisfy a condition."""

    def __init__(self, fields: Fields, settlement: Settlement, rows: FromClause, active: bool):
        self.fields, self.settlement, self.rows, self.active = fields, settlement, rows, active

    @classmethod
    def of(cls, whole: Whole, condition: Condition, *, active: bool) -> Part:
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

    def page(self, ask: Ask, start: Start) -> Select[Any]:
        ends = (self.rows.c.group_seq, self.rows.c.member_seq)
        key = sort_key(self.fields, ask.sort)
        query = self.select().order_by(*ordered(key, ask.descending, *ends)).limit(LIMIT)
        if start == "bookmark":
            return query.where(tuple_(*ends) > tuple_(AFTER, _AFTER_MEMBER))
        if start == "waypoint":
            query = query.where(ends[0] >= bindparam("start", type_=big_key()))
        return query.offset(OFFSET)

    def select(self, *more: ColumnElement[Any]) -> Select[Any]:
        """Rows as :class:`~scim_server.directory.roster_records.Enrolment` begins."""
        rows = self.rows
        query = select(
            rows.c.group_seq, rows.c.member_seq, roster_ids(_PERSON.c.id).label("person_id"),
            _dated(rows).label("dated"), _PERSON.c.user_type,
            literal(self.active).label("active"), *more,
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
        "sourcedId": Id(_CLASS.c.id.concat(_PERSON.c.id)),
        "status": Choice(STATUSES, always=active),
        "dateLastModified": Moment(at, _is_of_late if active else None),
        "role": Choice(ROLES, _PERSON.c.user_type),
        "primary": Choice({"false": False}, always=False),
        "user": Id(_PERSON.c.id, lambda id: rows.c.member_seq == seq_of(id)),
        "class": Id(_CLASS.c.id, lambda id: rows.c.group_seq == seq_of(id)),
        "school": Several(lambda key: is_at(rows.c.group_seq, key), Integer(), keys),
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


def by_both_ends(condition: Condition) -> Condition:
    """An enrolment is asked for by its class and its person, of which its id is made."""
    return tuple(
        tuple(each for comparison in comparisons for each in _ends_of(comparison))
        for comparisons in condition
    )


def _ends_of(asked: Comparison) -> tuple[Comparison, ...]:
    if (asked.field, asked.operator) != ("sourcedId", "="):
        return (asked,)
    group, person = asked.value[:LENGTH], asked.value[LENGTH:]
    return (Comparison("class", "=", group), Comparison("user", "=", person))


def merged_statement(parts: list[Part], ask: Ask) -> Select[Any]:
    keys = [sort_key(each.fields, ask.sort) for each in parts]
    statuses = [literal("active" if each.active else "tobedeleted", Text()) for each in parts]
    if ask.sort == "status":
        keys = list(statuses)
    queries = [
        each.select((literal("", Text()) if key is None else key).label("key"))
        for each, key in zip(parts, keys, strict=True)
    ]
    rows = union_all(*queries).subquery("rows")
    order = ordered(rows.c.key, ask.descending, rows.c.group_seq, rows.c.member_seq)
    columns = [each for each in rows.c if each.name != "key"]
    return select(*columns).order_by(*order).limit(LIMIT).offset(OFFSET)


def total_statement() -> Select[Any]:
    return select(population.c.total).where(
        population.c.unit_id == UNIT, population.c.resource_type == MEMBERSHIP
    )


def nearest_class_statement() -> Select[Any]:
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
