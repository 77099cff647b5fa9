"""One prepared school and one running program for each test process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from scim_server.clock import system_clock
from scim_server.database import open_database
from tests.school import AUDIT_KEYS, MovedClock, make_world
from tests.server.program import Program, School, serving


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> School:
    """A school that is copied and never served itself."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    shutil.copytree(sqlite_template, folder)
    url = f"sqlite:///{folder}/school.db"
    clock = MovedClock()
    clock.now = system_clock()  # the program has no other clock
    database = open_database(url, audit_keys=AUDIT_KEYS)
    try:
        world = make_world(database, url, clock, folder)
        ids = {key: world.id_of(key) for key in ("U-1", "G-1")}
    finally:
        database.close()
    return School(folder, world.credentials, world.token, ids)


@pytest.fixture(scope="session")
def program(prepared: School, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A program that tests share; nobody stops it or changes its data."""
    with serving(prepared.copy(tmp_path_factory.mktemp("served") / "data")) as running:
        yield running


@pytest.fixture
def school(prepared: School, tmp_path: Path) -> School:
    """Data of its own, to change or to serve by a program of its own."""
    return prepared.copy(tmp_path / "data")
