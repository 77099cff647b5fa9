"""A sandbox unit on a database of its own, to be served by one program or by several."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from scim_server.clock import system_clock
from scim_server.database import open_database
from tests.sandbox import make_sandbox
from tests.school import AUDIT_KEYS, MovedClock
from tests.server.program import School

BASE = "/sandbox/scim/v2"


@dataclass(frozen=True)
class PreparedSandbox(School):
    """An empty sandbox in the database at ``url``; programs write their logs in ``folder``."""

    url: str

    @property
    def database_url(self) -> str:
        return self.url


def prepare_sandbox(request: pytest.FixtureRequest, folder: Path) -> PreparedSandbox:
    """Make the sandbox in a :func:`new_database`."""
    url = new_database(request, folder)
    clock = MovedClock()
    clock.now = system_clock()  # the programs have no other clock
    database = open_database(url, audit_keys=AUDIT_KEYS)
    try:
        made = make_sandbox(database, url, clock)
    finally:
        database.close()
    return PreparedSandbox(folder, made.credentials, made.token, {}, url)


def new_database(request: pytest.FixtureRequest, folder: Path) -> str:
    """A database of the kind ``request.param`` with the newest schema, named after ``folder``, for
    fixtures that live longer than one test.
    """
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("sqlite_template"), folder / "database")
        return f"sqlite:///{folder}/database/school.db"
    server = request.getfixturevalue("postgresql")
    template = request.getfixturevalue("postgresql_template")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{folder.name}" TEMPLATE "{template}"')
    return make_url(server).set(database=folder.name).render_as_string(hide_password=False)
