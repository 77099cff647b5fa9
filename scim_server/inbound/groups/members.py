"""Memberships of the register beside those that this push gave to Entra ID.

A membership of a group or a person that isn't served is neither here nor ended: it stays in Entra
as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from scim_server.directory.tables import membership, resource
from scim_server.inbound.tables import inbound_account, inbound_group, inbound_member

_group = resource.alias("of_group")
_person = resource.alias("of_person")


@dataclass(frozen=True, slots=True)
class Membership:
    """``state`` is that of the table, or none; ``fresh`` is when Entra took the group."""

    group_seq: int
    member_seq: int
    group_id: str
    account: str
    state: str | None
    accepted: str


def _with_ends(query: Select[Any], of: Any, unit_id: int) -> Select[Any]:
    """The rows of ``of`` whose group and whose person are served."""
    group = (_group.c.seq == of.c.group_seq) & (_group.c.unit_id == of.c.unit_id)
    person = (_person.c.seq == of.c.member_seq) & (_person.c.unit_id == of.c.unit_id)
    return (
        query.join(_group, group)
        .join(_person, person)
        .where(of.c.unit_id == unit_id, _group.c.served, _person.c.served)
    )


def _in_entra(query: Select[Any], of: Any) -> Select[Any]:
    """Those whose group and whose account Entra is known to have."""
    made = (inbound_group.c.seq == of.c.group_seq) & (inbound_group.c.unit_id == of.c.unit_id)
    known = (inbound_account.c.seq == of.c.member_seq) & (inbound_account.c.unit_id == of.c.unit_id)
    return (
        query.join(inbound_group, made)
        .join(inbound_account, known)
        .where(inbound_group.c.group_id.is_not(None), inbound_group.c.gone.is_(None))
    )


_same = and_(
    inbound_member.c.group_seq == membership.c.group_seq,
    inbound_member.c.member_seq == membership.c.member_seq,
)
_lacks = or_(inbound_member.c.state.is_(None), inbound_member.c.state == "offered")


def _lacking(*columns: Any, unit_id: int) -> Select[Any]:
    """Memberships that are to be, and weren't accepted yet nor refused."""
    query = select(*columns).select_from(membership).outerjoin(inbound_member, _same)
    return _with_ends(query, membership, unit_id).where(_lacks, _group.c.active, _person.c.active)


def _ended(*columns: Any, unit_id: int) -> Select[Any]:
    """Memberships that were given, and that the register has ended."""
    query = select(*columns).select_from(inbound_member).outerjoin(membership, _same)
    over = or_(membership.c.since.is_(None), ~_group.c.active, ~_person.c.active)
    return _with_ends(query, inbound_member, unit_id).where(over)


def groups_lacking(connection: Connection, unit_id: int, after: int, most: int) -> list[int]:
    """Groups that Entra has and that lack a member whose account is known; after ``after``."""
    lacking = _in_entra(_lacking(membership.c.group_seq, unit_id=unit_id), membership)
    query = lacking.where(membership.c.group_seq > after).distinct()
    return list(connection.scalars(query.order_by(membership.c.group_seq).limit(most)))


def lacking(
    connection: Connection, unit_id: int, among: Sequence[int], most: int
) -> list[Membership]:
    """Of each of these groups at most so many memberships that are to be given, in order."""
    number = func.row_number().over(
        partition_by=membership.c.group_seq, order_by=membership.c.member_seq
    )
    columns = (
        membership.c.group_seq, membership.c.member_seq, inbound_group.c.group_id,
        inbound_account.c.account, inbound_member.c.state, inbound_group.c.accepted,
        number.label("number"),
    )  # fmt: skip
    query = _in_entra(_lacking(*columns, unit_id=unit_id), membership)
    numbered = query.where(membership.c.group_seq.in_(among)).subquery()
    first = select(*list(numbered.c)[:-1]).where(numbered.c.number <= most)
    rows = connection.execute(first.order_by(numbered.c.group_seq, numbered.c.member_seq))
    return [Membership(*row) for row in rows]


def ended(
    connection: Connection, unit_id: int, after: tuple[int, int], most: int
) -> list[Membership]:
    """Memberships that are to be taken away, after one of a group's and a member's ``seq``."""
    group, member = inbound_member.c.group_seq, inbound_member.c.member_seq
    columns = (
        group, member, inbound_group.c.group_id, inbound_account.c.account,
        inbound_member.c.state, inbound_group.c.accepted,
    )  # fmt: skip
    later = or_(group > after[0], and_(group == after[0], member > after[1]))
    query = _in_entra(_ended(*columns, unit_id=unit_id), inbound_member).where(
        group >= after[0], later
    )
    return [
        Membership(*row) for row in connection.execute(query.order_by(group, member).limit(most))
    ]


def offer(connection: Connection, unit_id: int, offered: Sequence[Membership]) -> None:
    """Note, before it is asked for, that Entra may have or not have these: until the answer comes
    nobody knows.
    """
    new = [
        {
            "unit_id": unit_id, "group_seq": each.group_seq, "member_seq": each.member_seq,
            "state": "offered",
        }
        for each in offered
        if each.state is None
    ]  # fmt: skip
    if new:
        connection.execute(insert(inbound_member), new)
    settle(connection, unit_id, [each for each in offered if each.state == "accepted"], "offered")


def settle(connection: Connection, unit_id: int, those: Sequence[Membership], state: str) -> None:
    """Note that Entra accepted or refused them."""
    for group_seq, seqs in _by_group(those).items():
        rows = _rows(unit_id, group_seq, seqs)
        connection.execute(update(inbound_member).where(*rows).values(state=state))


def drop(connection: Connection, unit_id: int, those: Sequence[Membership]) -> None:
    """Note that Entra doesn't have them."""
    for group_seq, seqs in _by_group(those).items():
        connection.execute(delete(inbound_member).where(*_rows(unit_id, group_seq, seqs)))


def doubt(
    connection: Connection, unit_id: int, *, group: int | None = None, member: int | None = None
) -> None:
    """Note that nobody knows which of a group's, or of a person's, memberships Entra has: the
    group, or the account, was deleted there, and may come back with all of them or with none.
    """
    which = (
        inbound_member.c.group_seq == group
        if member is None
        else inbound_member.c.member_seq == member
    )
    own = (inbound_member.c.unit_id == unit_id, which)
    connection.execute(update(inbound_member).where(*own).values(state="offered"))


def _by_group(those: Sequence[Membership]) -> Mapping[int, list[int]]:
    found: dict[int, list[int]] = {}
    for each in those:
        found.setdefault(each.group_seq, []).append(each.member_seq)
    return found


def _rows(unit_id: int, group_seq: int, seqs: Sequence[int]) -> tuple[Any, ...]:
    own = inbound_member.c.unit_id == unit_id
    return own, inbound_member.c.group_seq == group_seq, inbound_member.c.member_seq.in_(seqs)


@dataclass(frozen=True, slots=True)
class Figures:
    """Memberships by number: ``adding`` are to be given, of which ``unknown`` wait for an account;
    ``ending`` are to be taken away; ``given`` are those that Entra may have. Groups: ``closing``
    are to be emptied because the register closed them, of ``filled`` ones.
    """

    adding: int = 0
    unknown: int = 0
    ending: int = 0
    given: int = 0
    closing: int = 0
    filled: int = 0
    refused: int = 0


def figures(connection: Connection, unit_id: int) -> Figures:
    """What is to be given and taken away, whatever Entra has of the groups by now."""
    gone = select(1).where(
        inbound_group.c.unit_id == unit_id, inbound_group.c.seq == membership.c.group_seq,
        inbound_group.c.gone.is_not(None),
    )  # fmt: skip
    known = select(1).where(
        inbound_account.c.unit_id == unit_id, inbound_account.c.seq == membership.c.member_seq
    )
    adding = _lacking(func.count(), unit_id=unit_id).where(~gone.exists())
    own = select(func.count()).select_from(inbound_member)
    there = _in_entra(_with_ends(own, inbound_member, unit_id), inbound_member)
    given = there.where(inbound_member.c.state != "refused")
    filled = given.with_only_columns(func.count(inbound_member.c.group_seq.distinct()))
    ending = _in_entra(_ended(func.count(), unit_id=unit_id), inbound_member)
    refused = own.where(inbound_member.c.unit_id == unit_id, inbound_member.c.state == "refused")
    asked = (
        adding, adding.where(~known.exists()), ending.where(inbound_member.c.state != "refused"),
        given, filled.where(~_group.c.active), filled, refused,
    )  # fmt: skip
    return Figures(*[connection.scalar(each) or 0 for each in asked])


@dataclass(frozen=True, slots=True)
class Places:
    """``given`` are the groups that this push put a person into, ``waiting`` those that are to
    come. ``has_account`` tells whether the person's account was found.
    """

    given: int
    waiting: int
    has_account: bool


def places(connection: Connection, unit_id: int, seq: int) -> Places:
    """How it stands with one person's groups."""
    own = (inbound_member.c.unit_id == unit_id, inbound_member.c.member_seq == seq)
    given = select(func.count()).where(*own, inbound_member.c.state == "accepted")
    waiting = _lacking(func.count(), unit_id=unit_id).where(membership.c.member_seq == seq)
    known = select(func.count()).where(
        inbound_account.c.unit_id == unit_id, inbound_account.c.seq == seq
    )
    return Places(
        connection.scalar(given) or 0,
        connection.scalar(waiting) or 0,
        bool(connection.scalar(known)),
    )
