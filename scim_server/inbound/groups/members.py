"""Memberships of the register beside those that this push gave to Entra ID.

A membership of a group or a person that isn't served is neither here nor ended: it stays in Entra
as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from scim_server.directory.tables import membership
from scim_server.inbound.groups import selects
from scim_server.inbound.tables import inbound_account, inbound_group, inbound_member

Ends = tuple[int, int]
"""What a membership joins: a group's and a member's ``seq``."""


@dataclass(frozen=True, slots=True)
class Membership:
    """``state`` is that of the table, or none; ``accepted`` is when Entra took the group."""

    group_seq: int
    member_seq: int
    group_id: str
    account: str
    state: str | None
    accepted: str

    @property
    def ends(self) -> Ends:
        return self.group_seq, self.member_seq


def groups_lacking(connection: Connection, unit_id: int, after: int, most: int) -> list[int]:
    """Groups that Entra has and that lack a member whose account is known; after ``after``."""
    lacking = selects.in_entra(selects.lacking(membership.c.group_seq, unit_id=unit_id), membership)
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
    query = selects.in_entra(selects.lacking(*columns, unit_id=unit_id), membership)
    numbered = query.where(membership.c.group_seq.in_(among)).subquery()
    first = select(*list(numbered.c)[:-1]).where(numbered.c.number <= most)
    rows = connection.execute(first.order_by(numbered.c.group_seq, numbered.c.member_seq))
    return [Membership(*row) for row in rows]


def endings(connection: Connection, unit_id: int, after: Ends, most: int) -> list[Ends]:
    """Memberships that are to be taken away, after one, in order."""
    group, member = inbound_member.c.group_seq, inbound_member.c.member_seq
    ended = selects.in_entra(selects.ended(group, member, unit_id=unit_id), inbound_member)
    later = or_(group > after[0], and_(group == after[0], member > after[1]))
    query = ended.where(group >= after[0], later).order_by(group, member).limit(most)
    return [(group_seq, member_seq) for group_seq, member_seq in connection.execute(query)]


def ended(connection: Connection, unit_id: int, among: Sequence[Ends]) -> list[Membership]:
    """Those of these memberships that are still to be taken away, in order."""
    group, member = inbound_member.c.group_seq, inbound_member.c.member_seq
    columns = (
        group, member, inbound_group.c.group_id, inbound_account.c.account,
        inbound_member.c.state, inbound_group.c.accepted,
    )  # fmt: skip
    query = selects.in_entra(selects.ended(*columns, unit_id=unit_id), inbound_member).where(
        group.in_([ends[0] for ends in among]), member.in_([ends[1] for ends in among])
    )
    found = [Membership(*row) for row in connection.execute(query.order_by(group, member))]
    return [each for each in found if each.ends in set(among)]


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
