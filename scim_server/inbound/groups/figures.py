"""How it stands with memberships, in figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, case, func, or_, select

from scim_server.directory.tables import membership
from scim_server.inbound.groups import selects
from scim_server.inbound.groups.selects import GROUP_IS_CLOSED
from scim_server.inbound.tables import inbound_account, inbound_group, inbound_member


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
    """What is to be given and taken away. Nothing is to be given to groups that Entra has lost or
    wouldn't have.
    """
    never_made = and_(inbound_group.c.group_id.is_(None), inbound_group.c.refused.is_not(None))
    without = select(1).where(
        inbound_group.c.unit_id == unit_id, inbound_group.c.seq == membership.c.group_seq,
        or_(inbound_group.c.gone.is_not(None), never_made),
    )  # fmt: skip
    known = (inbound_account.c.unit_id == unit_id) & (
        inbound_account.c.seq == membership.c.member_seq
    )
    counted = selects.lacking(func.count(), func.count(inbound_account.c.seq), unit_id=unit_id)
    adding = counted.outerjoin(inbound_account, known).where(~without.exists())
    ending = selects.in_entra(selects.ended(func.count(), unit_id=unit_id), inbound_member)
    group_seq, state = inbound_member.c.group_seq, inbound_member.c.state
    closed = case((GROUP_IS_CLOSED, group_seq))
    counts: list[Any] = [
        func.count(), func.count(closed.distinct()), func.count(group_seq.distinct()),
    ]  # fmt: skip
    own = select(*counts).select_from(inbound_member)
    there = selects.with_ends(own, inbound_member, unit_id)
    given = selects.in_entra(there, inbound_member).where(state != "refused")
    refused = select(func.count()).where(inbound_member.c.unit_id == unit_id, state == "refused")
    to_add, with_account = connection.execute(adding).one()
    has, closing, filled = connection.execute(given).one()
    return Figures(
        adding=to_add,
        unknown=to_add - with_account,
        ending=connection.scalar(ending.where(state != "refused")) or 0,
        given=has,
        closing=closing,
        filled=filled,
        refused=connection.scalar(refused) or 0,
    )


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
    waiting = selects.lacking(func.count(), unit_id=unit_id).where(membership.c.member_seq == seq)
    known = select(func.count()).where(
        inbound_account.c.unit_id == unit_id, inbound_account.c.seq == seq
    )
    return Places(
        connection.scalar(given) or 0,
        connection.scalar(waiting) or 0,
        bool(connection.scalar(known)),
    )
