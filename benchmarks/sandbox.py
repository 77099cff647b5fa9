"""A made-up sandbox of any size: users, groups of four sizes, and members that nobody is."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from benchmarks.population import GROUP, USER, names
from scim_server.clock import system_clock
from scim_server.database.bulk import load, measure
from scim_server.directory.models import contract
from scim_server.directory.rendering import Rendered, render
from scim_server.directory.serving import count_served
from scim_server.directory.tables import PLACEHOLDER, element, membership, reference, resource
from scim_server.directory.units import Unit, next_change

SANDBOX = "sandbox"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CLASS_SIZE, HUNDRED = 30, 100
BIG, HUGE = 10_000, 50_000

_KEYS = ("external_id", "user_name", "display_name", "family_name", "given_name", "user_type")
_RESOURCE = ("unit_id", "resource_type", "served", "active", "id", *_KEYS, "created", "modified",
             "edited", "version", "change", "text", "folded", "head")  # fmt: skip
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Group:
    """A group and the ids of its members."""

    id: str
    name: str
    members: Sequence[str]


@dataclass(frozen=True)
class World:
    """What a sandbox of ``count`` users holds; the same count gives the same ids.

    Who leaves is in classes of their own, so that every other group stays as it is.
    """

    count: int

    @cached_property
    def users(self) -> list[str]:
        """The id of each user."""
        return self._ids("users", self.count)

    @cached_property
    def leavers(self) -> list[str]:
        """The oldest users."""
        return self.users[: self.count // 10]

    @cached_property
    def classes(self) -> list[Group]:
        """Three for each user who stays."""
        return self._groups("Klasa", self.count // 10, CLASS_SIZE, self._staying)

    @cached_property
    def hundreds(self) -> list[Group]:
        """One for each user who stays."""
        return self._groups("Setka", self.count // 100, HUNDRED, self._staying)

    @cached_property
    def big(self) -> list[Group]:
        return self._groups("Szkoła", 1, min(BIG, self.count), self._people)

    @cached_property
    def huge(self) -> list[Group]:
        return self._groups("Wszyscy", 1, min(HUGE, len(self._people)), self._people)

    @property
    def groups(self) -> Iterator[Group]:
        last = self._groups("Absolwenci", self.count // 100, CLASS_SIZE, self.leavers)
        for some in (last, self.classes, self.hundreds, self.big, self.huge):
            yield from some

    @cached_property
    def strangers(self) -> list[str]:
        """Ids that the large groups list and nobody has."""
        return self._ids("strangers", max(0, min(HUGE, 5 * self.count) - len(self._staying)))

    @cached_property
    def _staying(self) -> list[str]:
        return self.users[self.count // 10 :]

    @cached_property
    def _people(self) -> list[str]:
        return [*self._staying, *self.strangers]

    def _groups(self, name: str, number: int, size: int, people: Sequence[str]) -> list[Group]:
        starts = len(people) - size + 1
        found = []
        for at, id in enumerate(self._ids(name, number)):
            first = at * size % starts
            found.append(Group(id, f"{name} {at:05d}", people[first : first + size]))
        return found

    def _ids(self, what: str, number: int) -> list[str]:
        source = random.Random(f"{what} {self.count}")
        return [str(UUID(int=source.getrandbits(128), version=4)) for _ in range(number)]


def user(number: int | str) -> dict[str, Any]:
    """What a client sends of a user: about 0.8 kB of JSON, an enterprise extension with it."""
    given, family = names(number if isinstance(number, int) else 0)
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": f"S-{number}",
        "userName": f"user{number}@sandbox.example.pl",
        "name": {"formatted": f"{given} {family}", "familyName": family, "givenName": given},
        "displayName": f"{given} {family}",
        "active": True,
        "userType": "Student",
        "phoneNumbers": [{"value": "+48600000000", "type": "mobile"}],
        "emails": [{"value": f"user{number}@mail.example.com", "type": "work", "primary": True}],
        ENTERPRISE: {"employeeNumber": f"{number}", "department": "klasa 1a"},
    }


def fill_sandbox(connection: Connection, unit: Unit, world: World) -> None:
    """Everything of ``world``, into an empty sandbox."""
    change, now = next_change(connection, unit.id, system_clock())
    seqs: dict[str, int] = {}
    source = _rendered(world)
    while batch := list(islice(source, _BATCH)):
        rows = [[unit.id, each.resource_type, True, each.columns["active"], each.id,
                 *[each.columns[key] for key in _KEYS], now, now, now, 1, change, each.text,
                 each.folded, each.head] for each in batch]  # fmt: skip
        seqs |= _load_resources(connection, unit, rows)
        lists = [[seqs[each.id], unit.id, True, each.fragment, each.as_group] for each in batch]
        load(connection, reference, reference.c.keys(), lists)
        values = [[unit.id, seqs[each.id], *row] for each in batch for row in each.elements]
        load(connection, element, element.c.keys(), values)
    rows = [[unit.id, PLACEHOLDER, False, None, id, *[None] * len(_KEYS), now, now, now, 0, change,
             "", "{}", ""] for id in world.strangers]  # fmt: skip
    seqs |= _load_resources(connection, unit, rows)
    lists = [[seqs[id], unit.id, True, json.dumps({"value": id}), None] for id in world.strangers]
    load(connection, reference, reference.c.keys(), lists)
    listed = (
        (unit.id, seqs[group.id], seqs[id], now) for group in world.groups for id in group.members
    )
    load(connection, membership, membership.c.keys(), listed)
    measure(connection, resource, reference, element, membership)
    count_served(connection, unit.id, unit.kind)


def _rendered(world: World) -> Iterator[Rendered]:
    types = contract("sandbox").types
    for number, id in enumerate(world.users):
        yield render(types["User"], user(number), id)
    for group in world.groups:
        document = {"schemas": [GROUP], "displayName": group.name}
        yield render(types["Group"], document, group.id)


def _load_resources(connection: Connection, unit: Unit, rows: list[list[Any]]) -> dict[str, int]:
    """The numbers that the rows got, by id."""
    last = connection.scalar(select(func.max(resource.c.seq))) or 0
    load(connection, resource, _RESOURCE, rows)
    loaded = select(resource.c.id, resource.c.seq).where(
        resource.c.unit_id == unit.id, resource.c.seq > last
    )
    return dict(connection.execute(loaded).all())
