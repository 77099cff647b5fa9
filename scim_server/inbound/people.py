"""The people of a unit beside what Entra ID was given of them.

Only people whom a publishing school holds are ever read here: who isn't served is absent, and
absence is no departure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Select, func, insert, or_, select, update

from scim_server.clock import stamp
from scim_server.directory.tables import resource, resource_school, school
from scim_server.inbound.configuration import Configuration
from scim_server.inbound.records import Record, digest_of, record_of
from scim_server.inbound.tables import inbound_person

_AT_ONCE = 500

_LOGIN_TAKEN = ("AzureActiveDirectoryDuplicateUserPrincipalName", "EntryConflict")
"""Microsoft's codes of a record whose login another account has."""


@dataclass(frozen=True, slots=True)
class Given:
    """What Entra ID was given of a person; see the table for each."""

    active: bool
    digest: str | None
    refused: str | None
    result: str | None
    code: str | None
    result_at: str | None
    offered: str
    accepted: str | None


_GIVEN = tuple(each.name for each in fields(Given))


@dataclass(frozen=True, slots=True)
class Person:
    """A served person: the record as it is to be, and what was given, if anything ever was."""

    seq: int
    change: int
    record: Record
    digest: str
    given: Given | None

    @property
    def key(self) -> str:
        return str(self.record["externalId"])

    @property
    def is_active(self) -> bool:
        return bool(self.record["active"])

    @property
    def kind(self) -> str:
        return "pupils" if self.record["userType"] == "Student" else "employees"


def people(
    connection: Connection, unit_id: int, of: Configuration, among: Sequence[int] | None = None
) -> Iterator[Person]:
    """The unit's people in the order in which they came, or those ``among`` whose ``seq`` are
    given that are still served, in that order.
    """
    named = select(school.c.id, school.c.name).where(school.c.unit_id == unit_id)
    names = {row.id: row.name for row in connection.execute(named)}
    query = _served(unit_id)
    if among is not None:
        query = query.where(resource.c.seq.in_(among))
    rows = connection.execute(query.execution_options(yield_per=_AT_ONCE)).mappings()
    found = (_person(row, names, of) for row in rows)
    if among is None:
        yield from found
        return
    by_seq = {each.seq: each for each in found}
    yield from (by_seq[seq] for seq in among if seq in by_seq)


def _served(unit_id: int) -> Select[Any]:
    publishing = (
        select(func.min(school.c.id))
        .join(resource_school, resource_school.c.school_id == school.c.id)
        .where(resource_school.c.seq == resource.c.seq, school.c.synchronised)
        .correlate(resource)
        .scalar_subquery()
    )
    beside = (inbound_person.c.unit_id == unit_id) & (inbound_person.c.seq == resource.c.seq)
    return (
        select(
            resource.c.seq.label("number"), resource.c.change.label("changed"), resource.c.head,
            publishing.label("school"),
            *[inbound_person.c[name] for name in _GIVEN],
        )
        .outerjoin(inbound_person, beside)
        .where(
            resource.c.unit_id == unit_id, resource.c.resource_type == "User", resource.c.served
        )
        .order_by(resource.c.seq)
    )  # fmt: skip


def _person(row: Mapping[Any, Any], names: Mapping[int, str], of: Configuration) -> Person:
    document = orjson.loads(row["head"] + "}")
    record = record_of(document, names[row["school"]], phones=of.phones, emails=of.emails)
    given = None
    if row["offered"] is not None:
        given = Given(**{name: row[name] for name in _GIVEN})
    return Person(row["number"], row["changed"], record, digest_of(record), given)


def given_of(connection: Connection, unit_id: int, seq: int) -> Given | None:
    """What Entra was given of a person, served or not."""
    row = connection.execute(
        select(*[inbound_person.c[name] for name in _GIVEN]).where(
            inbound_person.c.unit_id == unit_id, inbound_person.c.seq == seq
        )
    ).one_or_none()
    return None if row is None else Given(*row)


def offer(connection: Connection, unit_id: int, persons: Sequence[Person], now: datetime) -> None:
    """Note, before they are handed over, that they may have been: until the answer comes nobody
    knows which of two records Entra has.
    """
    new = [each for each in persons if each.given is None]
    if new:
        connection.execute(
            insert(inbound_person),
            [
                {"unit_id": unit_id, "seq": each.seq, "active": each.is_active,
                 "offered": stamp(now)}
                for each in new
            ],
        )  # fmt: skip
    for each in persons:
        if each.given is not None:
            values = {"active": each.is_active, "offered": stamp(now), "digest": None}
            _update(connection, unit_id, each.seq, values)


def accept(connection: Connection, unit_id: int, persons: Sequence[Person], now: datetime) -> None:
    """Note that Entra took these records."""
    for each in persons:
        values = {
            "digest": each.digest, "change": each.change, "accepted": stamp(now), "refused": None,
            "result": "accepted", "code": None, "result_at": stamp(now),
        }  # fmt: skip
        _update(connection, unit_id, each.seq, values)


def refuse(connection: Connection, unit_id: int, person: Person, now: datetime) -> None:
    """Note that Entra won't take this record as it is."""
    values = {
        "refused": person.digest, "result": "refused", "code": "BadRequest",
        "result_at": stamp(now),
    }  # fmt: skip
    _update(connection, unit_id, person.seq, values)


def tell(
    connection: Connection, unit_id: int, key: str, *, at: datetime, result: str, code: str | None
) -> bool:
    """Note what the provisioning log tells of the person with this key, unless something newer is
    known. Whether it is about anybody who was handed over.
    """
    whom = select(resource.c.seq).where(
        resource.c.unit_id == unit_id,
        resource.c.resource_type == "User",
        resource.c.external_id == key,
    )
    row = (inbound_person.c.unit_id == unit_id, inbound_person.c.seq.in_(whom))
    # What was handed over and answered with 202 is told of by a later entry alone.
    newer = or_(inbound_person.c.result_at.is_(None), inbound_person.c.result_at <= stamp(at))
    values = {"result": result, "code": code, "result_at": stamp(at)}
    connection.execute(update(inbound_person).where(*row, newer).values(values))
    found = select(func.count()).select_from(inbound_person).where(*row)
    return bool(connection.scalar(found))


def doubt(connection: Connection, unit_id: int) -> None:
    """Note that Entra may have lost what it took of anybody, so that all of it is sent again."""
    own = inbound_person.c.unit_id == unit_id
    connection.execute(update(inbound_person).where(own).values(digest=None, refused=None))


def free_login(connection: Connection, unit_id: int, login: str, at: datetime) -> None:
    """Note that an account gave ``login`` up: whose record failed for it until ``at`` is sent
    again, as it is. Once: a failure after that waits for another account to give it up.
    """
    whom = select(resource.c.seq).where(
        resource.c.unit_id == unit_id,
        resource.c.resource_type == "User",
        resource.c.user_name == login.lower(),
    )
    failed_for_it = (
        inbound_person.c.unit_id == unit_id,
        inbound_person.c.seq.in_(whom),
        inbound_person.c.result == "failed",
        inbound_person.c.code.in_(_LOGIN_TAKEN),
        inbound_person.c.result_at <= stamp(at),
    )
    connection.execute(update(inbound_person).where(*failed_for_it).values(digest=None))


def _update(connection: Connection, unit_id: int, seq: int, values: Mapping[str, Any]) -> None:
    row = (inbound_person.c.unit_id == unit_id, inbound_person.c.seq == seq)
    connection.execute(update(inbound_person).where(*row).values(values))


def results(connection: Connection, unit_id: int) -> dict[tuple[str, str | None], int]:
    """How many people have each last result, with Microsoft's code where there is one."""
    shown = (inbound_person.c.result, inbound_person.c.code)
    query = (
        select(*shown, func.count())
        .where(inbound_person.c.unit_id == unit_id, inbound_person.c.result.is_not(None))
        .group_by(*shown)
        .order_by(*shown)
    )
    return {(result, code): count for result, code, count in connection.execute(query)}
