"""Selects of memberships: those of the register that are to be given, and given ones that ended.

A membership of a group or a person that isn't served is neither: it stays in Entra as it is.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, or_, select

from scim_server.directory.tables import membership, resource
from scim_server.inbound.tables import inbound_account, inbound_group, inbound_member

_group = resource.alias("of_group")
_person = resource.alias("of_person")

GROUP_IS_CLOSED = ~_group.c.active
"""In a select of these: whether the register has closed the group."""

_same = and_(
    inbound_member.c.group_seq == membership.c.group_seq,
    inbound_member.c.member_seq == membership.c.member_seq,
)
_lacks = or_(inbound_member.c.state.is_(None), inbound_member.c.state == "offered")


def with_ends(query: Select[Any], of: Any, unit_id: int) -> Select[Any]:
    """The rows of ``of`` whose group and whose person are served.

    Both are of the same unit by foreign keys. Asked for by it as well, SQLite would go through all
    people of the unit for each group.
    """
    return (
        query.join(_group, _group.c.seq == of.c.group_seq)
        .join(_person, _person.c.seq == of.c.member_seq)
        .where(of.c.unit_id == unit_id, _group.c.served, _person.c.served)
    )


def in_entra(query: Select[Any], of: Any) -> Select[Any]:
    """Those whose group and whose account Entra is known to have."""
    made = (inbound_group.c.seq == of.c.group_seq) & (inbound_group.c.unit_id == of.c.unit_id)
    known = (inbound_account.c.seq == of.c.member_seq) & (inbound_account.c.unit_id == of.c.unit_id)
    return (
        query.join(inbound_group, made)
        .join(inbound_account, known)
        .where(inbound_group.c.group_id.is_not(None), inbound_group.c.gone.is_(None))
    )


def lacking(*columns: Any, unit_id: int) -> Select[Any]:
    """Memberships that are to be, and weren't accepted yet nor refused."""
    query = select(*columns).select_from(membership).outerjoin(inbound_member, _same)
    return with_ends(query, membership, unit_id).where(_lacks, _group.c.active, _person.c.active)


def ended(*columns: Any, unit_id: int) -> Select[Any]:
    """Memberships that were given, and that the register has ended."""
    query = select(*columns).select_from(inbound_member).outerjoin(membership, _same)
    over = or_(membership.c.since.is_(None), ~_group.c.active, ~_person.c.active)
    return with_ends(query, inbound_member, unit_id).where(over)
