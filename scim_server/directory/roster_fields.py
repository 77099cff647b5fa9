"""The fields by which people and classes of a roster are chosen and sorted, in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    select,
)

from scim_server.database.schema import big_key, key_text
from scim_server.directory.attributes import UNIT
from scim_server.directory.expressions import ByCodePoint, Stored
from scim_server.directory.roster_conditions import (
    Choice,
    Field,
    Fields,
    Id,
    Moment,
    Several,
    Words,
)
from scim_server.directory.roster_records import Ask, Taught, Whole
from scim_server.directory.tables import element, membership, resource, resource_school
from scim_server.errors import InvalidPath

GROUP = "urn:scim-server:schemas:uonet:1.0:Group"
SUBJECT = ByCodePoint(Stored(resource.c.folded, f"{GROUP}:subject", is_boolean=False))
YEAR = ByCodePoint(Stored(resource.c.folded, f"{GROUP}:schoolYear", is_boolean=False))


def served(kind: str) -> ColumnElement[bool]:
    return and_(resource.c.unit_id == UNIT, resource.c.resource_type == kind, resource.c.served)


def people_fields(whole: Whole) -> Fields:
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
        "role": Choice(ROLES, resource.c.user_type),
        "class": Several(_is_in_class, key_text()),
    }


def class_fields(whole: Whole, taught: list[Taught]) -> Fields:
    courses = {whole.subject_id(each.key): each.key for each in taught}
    terms = {whole.term_id(each.year): each.year for each in taught}
    return {
        **_common_fields(whole),
        "title": Words(resource.c.display_name),
        "classType": Choice({"scheduled": True}, always=True),
        "course": Choice(courses, SUBJECT),
        "subjects": Words(SUBJECT),
        "term": Choice(terms, YEAR),
        "person": Several(_has_person, key_text()),
    }


def _common_fields(whole: Whole) -> dict[str, Field]:
    return {
        "sourcedId": Id(resource.c.id),
        "status": Choice(STATUSES, resource.c.active),
        "dateLastModified": Moment(resource.c.edited),
        "school": Several(
            lambda key: is_at(resource.c.seq, key),
            Integer(),
            {each.id: each.key for each in whole.schools},
        ),
    }


STATUSES = {"active": True, "tobedeleted": False}
ROLES = {"student": "student", "teacher": "employee"}


def names_taught(ask: Ask) -> bool:
    named = {each.field for comparisons in ask.condition for each in comparisons}
    return bool((named | {ask.sort}) & {"course", "term"})


def is_at(seq: ColumnElement[Any], key: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists().where(resource_school.c.seq == seq, resource_school.c.school_id == key)


def seq_of(id: ColumnElement[Any]) -> Any:
    one = resource.alias("one")
    query = select(one.c.seq).where(one.c.unit_id == UNIT, one.c.id == id, one.c.served)
    return query.scalar_subquery()


def _is_in_class(id: ColumnElement[Any]) -> ColumnElement[bool]:
    members = select(membership.c.member_seq).where(membership.c.group_seq == seq_of(id))
    return resource.c.seq.in_(members)


def _has_person(id: ColumnElement[Any]) -> ColumnElement[bool]:
    groups = select(membership.c.group_seq).where(membership.c.member_seq == seq_of(id))
    return resource.c.seq.in_(groups)


# Orders

LIMIT = bindparam("limit", type_=Integer())
OFFSET = bindparam("offset", type_=Integer())
AFTER = bindparam("after", type_=big_key())
"""The ``seq`` of the last row of the page before: a page begins there, or ``OFFSET`` rows on."""


def ordered(
    key: ColumnElement[Any] | None, descending: bool, *last: ColumnElement[Any]
) -> list[ColumnElement[Any]]:
    """By the key, missing ones last, and by ``last``."""
    if key is None:
        return list(last)
    return [(key.desc() if descending else key.asc()).nulls_last(), *last]


def sort_key(fields: Fields, name: str | None) -> ColumnElement[Any] | None:
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
