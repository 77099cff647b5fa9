"""A small school that is pushed to the double, by one clock, without sleeping."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from scim_server.database import Database
from scim_server.directory.tables import membership, resource
from scim_server.directory.units import unit_named
from scim_server.inbound.configuration import Configuration, configure
from scim_server.inbound.groups.made import groups
from scim_server.inbound.groups.records import Kind
from scim_server.inbound.people import people
from scim_server.inbound.pushing import Choices, Forecast, Outcome, push_of
from scim_server.inbound.records import Record
from scim_server.inbound.results import read_log
from scim_server.inbound.running import Surroundings
from scim_server.inbound.simulator.groups import Group
from scim_server.inbound.transport import Answer, Network
from tests.inbound.double import Double, doubled
from tests.school import PUPILS, World

Interruption = Callable[[int], None]
HEADER = PUPILS.splitlines()[0]
GROUP_HEADER = "klucz;przedmiot;oddzialy;nazwa grupy;rok szkolny;szkola\n"
NO_GROUPS = {"groups": GROUP_HEADER, "assignments": "grupa;osoba\n"}


def pupils(*numbers: int, name: str = "Anna", **changed: str) -> str:
    """A file of pupils with generated names; ``u7="Ewa"`` gives number 7 another given name."""
    rows = [
        f"U-{n};{changed.get(f'u{n}', name)};Nowak;uczen.{n};;;{'SP 12' if n % 2 else 'LO 3'}"
        for n in numbers
    ]
    return "\n".join([HEADER, *rows, ""])


@dataclass
class Pushed:
    """The unit ``sp12`` of ``world``, configured for ``double``. ``slept`` are the waits, each of
    which moved the clock; ``before_call`` is called with the number of every bulkUpload before it
    leaves, ``before_batch`` with that of every ``$batch``.
    """

    world: World
    double: Double
    slept: list[float] = field(default_factory=list)
    told: list[Forecast] = field(default_factory=list)
    before_call: Interruption = lambda _: None
    before_batch: Interruption = lambda _: None
    network: Network = field(default_factory=Network)
    stop: bool = False
    _sent: int = 0
    _batches: int = 0

    @property
    def database(self) -> Database:
        return self.world.database

    @property
    def around(self) -> Surroundings:
        return Surroundings(
            self.world.clock, self._transport, self._sleep, random.Random(1).random,
            lambda: self.stop,
        )  # fmt: skip

    def _transport(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        if url.endswith("/bulkUpload"):
            self._sent += 1
            self.before_call(self._sent)
        if url.endswith("/$batch"):
            self._batches += 1
            self.before_batch(self._batches)
        return self.network(method, url, headers, body)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.world.clock.move(seconds=seconds)

    def configure(self, **changes: Any) -> None:
        chosen = replace(configuration(self.double, self.world.folder.parent), **changes)
        with self.database.write() as connection:
            configure(
                connection, unit_named(connection, self.world.unit.name), chosen,
                now=self.world.clock(), actor="os:test",
            )  # fmt: skip

    def push(self, **choices: Any) -> Outcome:
        terms = {"actor": "os:test", "max_deactivated_percent": 10, **choices}
        push = push_of(self.database, self.world.unit.name, self.around)
        return push.run(Choices(**terms), self.told.append)

    def read_log(self) -> Mapping[str, int]:
        push = push_of(self.database, self.world.unit.name, self.around)
        return read_log(self.database, push.unit, push.graph, self.world.clock)

    def fill(self, text: str, **choices: Any) -> None:
        """Import these pupils beside the employees, and no groups."""
        self.world.import_files(pupils=text, **NO_GROUPS, choices=choices)

    def records(self) -> dict[str, Record]:
        """What Entra is to have of everybody who is served."""
        with self.database.read() as connection:
            unit = unit_named(connection, self.world.unit.name)
            of = push_of(self.database, unit.name, self.around)._of
            return {each.key: each.record for each in people(connection, unit.id, of)}

    def check_accounts(self) -> None:
        """What Entra has is what it is to have, of everybody who is active and whom it knows."""
        self.double.settle()
        accounts, records = self.double.accounts, self.records()
        for key, one in records.items():
            assert key in accounts or not one["active"], key
        for key, account in accounts.items():
            if key in records:
                assert shown(account) == wanted(records[key])

    def fill_groups(self, members: Mapping[int, Iterable[str]], **choices: Any) -> None:
        """Import these groups with the keys of their members, and the pupils who are imported now.
        ``g3="Chemia"`` names the subject of number 3 so.
        """
        subjects = {name: choices.pop(name) for name in list(choices) if name[1:].isdigit()}
        rows = [
            f"G-{n};{subjects.get(f'g{n}', 'Matematyka')};{n}A;;2026/2027;"
            f"{'SP 12' if n % 2 else 'LO 3'}\n"
            for n in members
        ]
        assigned = [f"G-{n};{key}\n" for n, keys in members.items() for key in keys]
        self.world.import_files(
            groups="".join([GROUP_HEADER, *rows]),
            assignments="".join([NO_GROUPS["assignments"], *assigned]), choices=choices,
        )  # fmt: skip

    def push_groups(self, **choices: Any) -> Outcome:
        """Push, let the job do its work, and push again: now every account can be found."""
        self.push(**choices)
        self.double.settle()
        return self.push(**choices)

    def made(self, key: str) -> Group:
        """The group in Entra that was made of the register's group with this key."""
        with self.database.read() as connection:
            unit_id = unit_named(connection, self.world.unit.name).id
            of_key = (resource.c.unit_id == unit_id, resource.c.external_id == key)
            scim_id = connection.scalars(select(resource.c.id).where(*of_key)).one()
        named = f"scim-server-{scim_id}"
        (found,) = [
            each
            for each in self.double.groups.values()
            if each.properties.get("uniqueName") == named
        ]
        return found

    def members(self, key: str) -> set[str]:
        """The keys of those who are in it."""
        keys = {each["id"]: key for key, each in self.double.accounts.items()}
        return {keys[each] for each in self.made(key).members}

    def check_groups(self, by_hand: Iterable[tuple[str, str]] = ()) -> None:
        """Entra has exactly the register's open groups, as far as they are served, beside closed
        ones that were made before; and in each exactly those of its served members who have an
        account. ``by_hand`` are the group ids and account ids of others' changes, which are left
        out. Every account has to be there: see :meth:`push_groups`.
        """
        assert self.double.foreign_writes == []
        ours = {
            each.properties["uniqueName"].removeprefix("scim-server-"): each
            for each in self.double.groups.values()
            if not each.seeded
        }
        accounts = {key: each["id"] for key, each in self.double.accounts.items()}
        served = {accounts[key] for key in self.records() if key in accounts}
        register = self._register()
        assert {scim_id for scim_id, one in register.items() if one.is_open} <= ours.keys()
        for scim_id, made in ours.items():
            one = register.get(scim_id)
            if one is None:
                continue  # not served: it stays as it is
            if one.is_open:
                assert made.properties["displayName"] == one.name
            others = {account for group_id, account in by_hand if group_id == made.id}
            others |= set(made.members) - served
            wanted = {accounts[key] for key in one.members if key in accounts}
            assert set(made.members) - others == wanted - others, one.name
            assert len(set(made.members)) == len(made.members)

    def _register(self) -> dict[str, Registered]:
        """The served groups by their SCIM id."""
        person, group = resource.alias(), resource.alias()
        listed = (
            select(group.c.id, person.c.external_id)
            .select_from(membership)
            .join(group, group.c.seq == membership.c.group_seq)
            .join(person, person.c.seq == membership.c.member_seq)
            .where(person.c.served, person.c.active)
        )
        with self.database.read() as connection:
            unit_id = unit_named(connection, self.world.unit.name).id
            found = {
                each.scim_id: Registered(each.name, each.is_open, set())
                for each in groups(connection, unit_id)
            }
            for scim_id, key in connection.execute(listed.where(group.c.unit_id == unit_id)):
                if scim_id in found and found[scim_id].is_open:
                    found[scim_id].members.add(key)
        return found

    def close(self) -> None:
        self.network.close()


@dataclass(frozen=True)
class Registered:
    """A group as the register has it: its name, and the keys of its members."""

    name: str
    is_open: bool
    members: set[str]


def wanted(record: Record) -> dict[str, Any]:
    return {
        "userPrincipalName": record["userName"],
        "displayName": record["displayName"],
        "surname": record["name"]["familyName"],
        "accountEnabled": record["active"],
    }


def shown(account: Mapping[str, Any]) -> dict[str, Any]:
    names = ("userPrincipalName", "displayName", "surname", "accountEnabled")
    return {name: account[name] for name in names}


def secret_file(double: Double, folder: Path) -> Path:
    """A private file below ``folder`` with the secret of the tenant's app."""
    file = folder / "secret"
    file.write_text(double.tenant.secret, "utf-8")
    file.chmod(0o600)
    return file


def configuration(double: Double, folder: Path) -> Configuration:
    """With the tenant's secret in a private file below ``folder``."""
    return Configuration(
        tenant=double.tenant.tenant_id,
        client_id=double.tenant.client_id,
        service_principal=double.tenant.service_principal_id,
        job=double.tenant.job_id,
        credential_kind="secret",
        credential_file=str(secret_file(double, folder)),
        login_url=double.login,
        graph_url=double.login,
    )


FIRST = {1: ["U-1", "U-3", "U-5", "P-1"], 2: ["U-2", "U-4", "P-1"]}
"""Who is in which group at first."""


@contextmanager
def grouped(world: World, kind: Kind = "security") -> Iterator[Pushed]:
    """With groups, of which none was pushed yet: 1 of school SP 12 and 2 of LO 3, of whose pupils
    odd ones and even ones are.
    """
    with doubled(world.clock) as double:
        made = Pushed(world, double)
        made.configure(groups=kind)
        made.fill(pupils(*range(1, 9)), allow_deactivations=True)
        made.fill_groups(FIRST)
        yield made
        made.close()
