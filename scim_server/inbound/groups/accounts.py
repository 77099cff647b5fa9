"""Which account of Entra's is whose, as far as that was found out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select

from scim_server.directory.tables import membership, resource
from scim_server.inbound.tables import inbound_account, inbound_person

_group = resource.alias("of_group")


def sought(connection: Connection, unit_id: int, after: int, most: int) -> list[tuple[int, str]]:
    """People, by ``seq`` and key, whose records Entra took, who belong into an open group, and
    whose account isn't known; those after ``after``, in order.
    """
    belongs = (
        select(1)
        .select_from(membership)
        .join(_group, _group.c.seq == membership.c.group_seq)
        .where(membership.c.member_seq == resource.c.seq, _group.c.served, _group.c.active)
        .correlate(resource)
        .exists()
    )
    known = (inbound_account.c.unit_id == unit_id) & (inbound_account.c.seq == resource.c.seq)
    taken = (inbound_person.c.unit_id == unit_id) & (inbound_person.c.seq == resource.c.seq)
    query = (
        select(resource.c.seq, resource.c.external_id)
        .join(inbound_person, taken)
        .outerjoin(inbound_account, known)
        .where(
            resource.c.unit_id == unit_id, resource.c.resource_type == "User", resource.c.served,
            resource.c.active, resource.c.seq > after, inbound_person.c.accepted.is_not(None),
            inbound_account.c.seq.is_(None), belongs,
        )
        .order_by(resource.c.seq)
        .limit(most)
    )  # fmt: skip
    return [(seq, key) for seq, key in connection.execute(query)]


def know(connection: Connection, unit_id: int, accounts: Mapping[int, str]) -> None:
    """Note whose account has which object id; ``accounts`` are by ``seq``."""
    if accounts:
        connection.execute(
            insert(inbound_account),
            [{"unit_id": unit_id, "seq": seq, "account": each} for seq, each in accounts.items()],
        )


def forget(connection: Connection, unit_id: int, seqs: Sequence[int]) -> None:
    """Note that Entra has these people's accounts no longer: they are looked for again."""
    own = (inbound_account.c.unit_id == unit_id, inbound_account.c.seq.in_(seqs))
    connection.execute(delete(inbound_account).where(*own))
