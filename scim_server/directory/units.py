"""Units and their schools."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, insert, literal, select, update

from scim_server.audit import record
from scim_server.clock import stamp
from scim_server.directory.serving import count_served
from scim_server.directory.tables import population, resource, school, unit
from scim_server.errors import BadInput

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
"""What stands in an address: 1 to 40 of ``a-z``, ``0-9`` and inner hyphens."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One address that is published. ``imported`` is the stamp of the last import, or none."""

    id: int
    name: str
    kind: str
    domain: str
    settings: Mapping[str, Any]
    namespace: str
    publishes: bool
    change: int
    latest: str
    created: str
    imported: str | None


@dataclass(frozen=True, slots=True)
class School:
    """A constituent of a unit; ``synchronised`` is its director's decision."""

    id: int
    name: str
    synchronised: bool


def add_unit(
    connection: Connection,
    *,
    name: str,
    domain: str,
    schools: Sequence[str],
    now: datetime,
    actor: str,
) -> Unit:
    """Create a register unit whose schools don't publish yet.

    ``name`` stands in its addresses: 1–40 lower-case letters, digits and inner hyphens. Raises
    :class:`~scim_server.errors.BadInput` for another name, a name in use, or no school.
    """
    names = list(dict.fromkeys(" ".join(each.split()) for each in schools))
    if not all(names) or not names:
        raise BadInput("A unit has at least one school, and each school has a name.")
    key = _insert(connection, name, "register", domain=domain, now=now)
    connection.execute(
        insert(school),
        [{"unit_id": key, "name": each, "synchronised": False} for each in names],
    )
    record(
        connection,
        at=now,
        action="unit.added",
        actor=actor,
        unit=name,
        facts={"schools": len(names)},
    )
    return unit_named(connection, name)


def add_sandbox(connection: Connection, *, name: str, now: datetime, actor: str) -> Unit:
    """Create an empty unit that may be written over SCIM; it publishes from the start.

    Raises :class:`~scim_server.errors.BadInput` as :func:`add_unit`.
    """
    key = _insert(connection, name, "sandbox", domain="", now=now)
    count_served(connection, key, "sandbox")
    record(connection, at=now, action="sandbox.added", actor=actor, unit=name, facts={})
    return unit_named(connection, name)


def _insert(connection: Connection, name: str, kind: str, *, domain: str, now: datetime) -> int:
    if not NAME.fullmatch(name):
        raise BadInput(
            f"A unit's name stands in its address: use 1 to 40 of a-z, 0-9 and inner hyphens, "
            f"not {name!r}."
        )
    if connection.scalar(select(unit.c.id).where(unit.c.name == name)) is not None:
        raise BadInput(f"There is a unit {name!r} already. Choose another name.")
    row = {
        "name": name,
        "kind": kind,
        "domain": domain,
        "settings": {},
        "namespace": secrets.token_hex(32),
        "publishes": kind == "sandbox",
        "change": 0,
        "latest": stamp(now),
        "created": stamp(now),
    }
    key = connection.execute(insert(unit).values(row)).inserted_primary_key
    assert key is not None
    return int(key[0])


def add_school(connection: Connection, of: Unit, name: str, *, now: datetime, actor: str) -> None:
    """Add a school that doesn't publish yet.

    Raises :class:`~scim_server.errors.BadInput` for an empty name or one in use.
    """
    wanted = " ".join(name.split())
    known = {each.name.casefold() for each in schools(connection, of.id)}
    if not wanted or wanted.casefold() in known:
        raise BadInput(
            f"The unit {of.name!r} has a school {wanted!r} already, or the name is empty."
        )
    connection.execute(insert(school).values(unit_id=of.id, name=wanted, synchronised=False))
    record(connection, at=now, action="school.added", actor=actor, unit=of.name, facts={})


def unit_named(connection: Connection, name: str, *, kind: str | None = None) -> Unit:
    """Raises :class:`~scim_server.errors.BadInput` where there is none, or none of ``kind``."""
    row = connection.execute(select(unit).where(unit.c.name == name)).mappings().first()
    if row is None:
        raise BadInput(f"There is no unit {name!r}. See: scim-server unit list")
    if kind not in (None, row["kind"]):
        raise BadInput(
            f"The unit {name!r} is a {row['kind']} unit; this is for a {kind} unit. "
            "See: scim-server unit list"
        )
    return Unit(**row)


def next_change(connection: Connection, unit_id: int, now: datetime) -> tuple[int, str]:
    """Take the unit's next change number, and with it its lock until the transaction ends.

    The stamp beside it is ``now``, or the last change's where the clock went back: whoever polls
    by time misses nothing.
    """
    at = stamp(now)
    later = case((unit.c.latest > at, unit.c.latest), else_=literal(at))
    row = connection.execute(
        update(unit)
        .where(unit.c.id == unit_id)
        .values(change=unit.c.change + 1, latest=later)
        .returning(unit.c.change, unit.c.latest)
    ).one()
    return row.change, row.latest


def units(connection: Connection) -> list[Unit]:
    """All units by name."""
    rows = connection.execute(select(unit).order_by(unit.c.name)).mappings()
    return [Unit(**row) for row in rows]


def schools(connection: Connection, unit_id: int) -> list[School]:
    """The unit's schools in the order in which they were added."""
    query = select(school.c.id, school.c.name, school.c.synchronised)
    rows = connection.execute(query.where(school.c.unit_id == unit_id).order_by(school.c.id))
    return [School(*row) for row in rows]


def set_numeric_keys(
    connection: Connection, name: str, allowed: bool, *, now: datetime, actor: str
) -> None:
    """Whether register keys that are numbers of eleven digits may look like a PESEL by chance."""
    of = unit_named(connection, name, kind="register")
    settings = {**of.settings, "allow_numeric_keys": allowed}
    connection.execute(update(unit).where(unit.c.name == name).values(settings=settings))
    record(
        connection,
        at=now,
        action="unit.numeric_keys",
        actor=actor,
        unit=name,
        facts={"allowed": allowed},
    )


@dataclass(frozen=True, slots=True)
class Population:
    """How many resources of a unit there are: served ones, and active ones of each kind."""

    users: int
    groups: int
    pupils: int
    employees: int
    active_groups: int


def count_population(connection: Connection, unit_id: int) -> Population:
    served: dict[str, int] = dict(
        connection.execute(
            select(population.c.resource_type, population.c.total).where(
                population.c.unit_id == unit_id
            )
        ).all()
    )
    kind = func.coalesce(resource.c.user_type, "group")
    active: dict[str, int] = dict(
        connection.execute(
            select(kind, func.count())
            .where(resource.c.unit_id == unit_id, resource.c.active)
            .group_by(kind)
        ).all()
    )
    return Population(
        users=served.get("User", 0),
        groups=served.get("Group", 0),
        pupils=active.get("student", 0),
        employees=active.get("employee", 0),
        active_groups=active.get("group", 0),
    )
