"""How it stands with memberships, in figures."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, or_, select

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
    known = select(1).where(
        inbound_account.c.unit_id == unit_id, inbound_account.c.seq == membership.c.member_seq
    )
    adding = selects.lacking(func.count(), unit_id=unit_id).where(~without.exists())
    own = select(func.count()).select_from(inbound_member)
    there = selects.in_entra(selects.with_ends(own, inbound_member, unit_id), inbound_member)
    given = there.where(inbound_member.c.state != "refused")
    filled = given.with_only_columns(func.count(inbound_member.c.group_seq.distinct()))
    ending = selects.in_entra(selects.ended(func.count(), unit_id=unit_id), inbound_member)
    refused = own.where(inbound_member.c.unit_id == unit_id, inbound_member.c.state == "refused")
    asked = (
        adding, adding.where(~known.exists()), ending.where(inbound_member.c.state != "refused"),
        given, filled.where(GROUP_IS_CLOSED), filled, refused,
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
    waiting = selects.lacking(func.count(), unit_id=unit_id).where(membership.c.member_seq == seq)
    known = select(func.count()).where(
        inbound_account.c.unit_id == unit_id, inbound_account.c.seq == seq
    )
    return Places(
        connection.scalar(given) or 0,
        connection.scalar(waiting) or 0,
        bool(connection.scalar(known)),
    )
