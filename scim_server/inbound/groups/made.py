"""The groups of a unit beside what was made of them in Entra ID.

Only groups that a publishing school holds are ever read here: who isn't served is absent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select, update

from scim_server.clock import stamp
from scim_server.directory.tables import resource
from scim_server.inbound.groups import members
from scim_server.inbound.groups.records import digest_of, shown_name
from scim_server.inbound.tables import inbound_group, inbound_member

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Made:
    """What is known of a group in Entra; see the table for each."""

    kind: str
    group_id: str | None
    accepted: str | None
    digest: str | None
    refused: str | None
    gone: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """A served group: how it is to be, and what was made of it, if anything ever was."""

    seq: int
    scim_id: str
    key: str
    name: str
    is_open: bool
    made: Made | None

    @property
    def digest(self) -> str:
        return digest_of(self.name)

    @property
    def group_id(self) -> str | None:
        return None if self.made is None else self.made.group_id

    @property
    def is_gone(self) -> bool:
        return self.made is not None and self.made.gone is not None

    @property
    def is_refused(self) -> bool:
        return self.made is not None and self.made.refused == self.digest

    @property
    def is_as_named(self) -> bool:
        return self.made is not None and self.made.digest == self.digest


_MADE = ("kind", "group_id", "accepted", "digest", "refused", "gone")


def groups(
    connection: Connection, unit_id: int, among: Sequence[int] | None = None
) -> Iterator[Group]:
    """The unit's groups in the order in which they came, or those ``among`` whose ``seq`` are
    given that are still served.
    """
    beside = (inbound_group.c.unit_id == unit_id) & (inbound_group.c.seq == resource.c.seq)
    query = (
        select(
            resource.c.seq.label("number"), resource.c.id, resource.c.external_id,
            resource.c.active, resource.c.head, *[inbound_group.c[name] for name in _MADE],
        )
        .outerjoin(inbound_group, beside)
        .where(
            resource.c.unit_id == unit_id, resource.c.resource_type == "Group", resource.c.served
        )
        .order_by(resource.c.seq)
    )  # fmt: skip
    if among is not None:
        query = query.where(resource.c.seq.in_(among))
    rows = connection.execute(query.execution_options(yield_per=_AT_ONCE)).mappings()
    yield from map(_group, rows)


def _group(row: Mapping[Any, Any]) -> Group:
    name = shown_name(orjson.loads(row["head"] + "}"))
    made = None if row["kind"] is None else Made(**{each: row[each] for each in _MADE})
    return Group(row["number"], row["id"], row["external_id"], name, bool(row["active"]), made)


def offer(
    connection: Connection, unit_id: int, offered: Sequence[Group], kind: str, now: datetime
) -> None:
    """Note, before they leave, that Entra may have been given these names."""
    new = [
        {"unit_id": unit_id, "seq": each.seq, "kind": kind, "offered": stamp(now)}
        for each in offered
        if each.made is None
    ]
    if new:
        connection.execute(insert(inbound_group), new)
    known = [each for each in offered if each.made is not None]
    noted = {"offered": stamp(now), "digest": None}
    _update(connection, unit_id, [each.seq for each in known], noted)
    nameless = [each.seq for each in known if each.group_id is None]
    _update(connection, unit_id, nameless, {"kind": kind})


def accept(
    connection: Connection, unit_id: int, group: Group, group_id: str, now: datetime
) -> None:
    """Note that Entra has the group with this name and this object id."""
    values = {
        "group_id": group_id, "digest": group.digest, "refused": None, "gone": None,
        "accepted": stamp(now),
    }  # fmt: skip
    _update(connection, unit_id, [group.seq], values)


def refuse(connection: Connection, unit_id: int, group: Group) -> None:
    """Note that Entra won't have the group as it is."""
    _update(connection, unit_id, [group.seq], {"refused": group.digest})


def lose(connection: Connection, unit_id: int, seq: int, now: datetime) -> None:
    """Note that somebody deleted the group in Entra."""
    _update(connection, unit_id, [seq], {"gone": stamp(now)})
    members.doubt(connection, unit_id, group=seq)


def forgive(connection: Connection, unit_id: int) -> None:
    """Let groups that were deleted in Entra be made again, and what was refused be asked again."""
    gone = (inbound_group.c.unit_id == unit_id, inbound_group.c.gone.is_not(None))
    anew = {"group_id": None, "digest": None, "gone": None}
    connection.execute(update(inbound_group).where(*gone).values(anew))
    own = inbound_group.c.unit_id == unit_id
    connection.execute(update(inbound_group).where(own).values(refused=None))
    refused = (inbound_member.c.unit_id == unit_id, inbound_member.c.state == "refused")
    connection.execute(update(inbound_member).where(*refused).values(state="offered"))


def _update(
    connection: Connection, unit_id: int, seqs: Sequence[int], values: Mapping[str, Any]
) -> None:
    if seqs:
        rows = (inbound_group.c.unit_id == unit_id, inbound_group.c.seq.in_(seqs))
        connection.execute(update(inbound_group).where(*rows).values(values))
