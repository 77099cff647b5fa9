"""Filling an empty database with a register unit and a sandbox, and importing into it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from benchmarks.population import UNIT, fill
from benchmarks.sandbox import SANDBOX, World, fill_sandbox
from scim_server.clock import system_clock
from scim_server.database import Database
from scim_server.database.migrating import set_up
from scim_server.directory.units import add_sandbox, add_unit, unit_named
from scim_server.oauth.credentials import Credentials, issue
from scim_server.register.importing import Choices, import_feed
from scim_server.register.sample import write_sample
from scim_server.settings import Settings

_ACTOR = "bench"


@dataclass(frozen=True, slots=True)
class Filled:
    """The client of each unit, what the sandbox holds, and a time of the register after which
    some of its users were changed.
    """

    register: Credentials
    sandbox: Credentials
    world: World
    since: str


def fill_database(database: Database, settings: Settings, count: int) -> Filled:
    """``count`` users in each of the units."""
    world = World(count)
    set_up(database)
    since = fill(database, count)
    with database.write() as connection:
        made = add_sandbox(connection, name=SANDBOX, now=system_clock(), actor=_ACTOR)
        fill_sandbox(connection, made, world)
        register, sandbox = (client_of(connection, settings, name) for name in (UNIT, SANDBOX))
    return Filled(register, sandbox, world, since)


def client_of(connection: Connection, settings: Settings, name: str) -> Credentials:
    return issue(
        connection,
        unit_named(connection, name),
        key=settings.key("digest"),
        public_url=settings.public_url,
        now=system_clock(),
        actor=_ACTOR,
    )


def import_people(database: Database, pupils: int, export: Path) -> dict[str, Any]:
    """The seconds that a first import of a city's export takes, told as well."""
    schools = write_sample(export, pupils, seed=1)
    with database.write() as connection:
        unit = add_unit(
            connection, name="city", domain="city.example.pl", schools=schools,
            now=system_clock(), actor=_ACTOR,
        )  # fmt: skip
    started = time.perf_counter()
    outcome = import_feed(database, unit, export, Choices(actor=_ACTOR), clock=system_clock)
    seconds = time.perf_counter() - started
    people = outcome.plan.pupils.created + outcome.plan.employees.created
    each = seconds / people * 10_000
    print(f"import of {people:,} people: {seconds:.1f} s, {each:.1f} s for 10,000")
    return {"people": people, "seconds": seconds}
