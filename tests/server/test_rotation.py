"""A secret is replaced while Microsoft's side reads, and nothing fails until one is revoked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest

from scim_server.clock import system_clock
from scim_server.database import Database, open_database
from scim_server.directory.units import unit_named
from scim_server.oauth import credentials
from scim_server.oauth.credentials import Credentials
from scim_server.oauth.secrets import secret_id
from scim_server.settings import Settings
from tests.school import AUDIT_KEYS, KEY
from tests.server.program import SECONDS, UNIT, Program, School, reply, serving

CLIENTS = 4
READS_A_TOKEN = 5
ENOUGH = 100
"""Requests of each client within a stage: with tokens got anew, about twenty times as many as
Entra makes in a minute.
"""


class Reader(threading.Thread):
    """Gets a token with the secret that it was given, reads with it, and begins anew."""

    def __init__(self, program: Program, given: Credentials) -> None:
        super().__init__(daemon=True)
        self.given = given
        self.stopped = threading.Event()
        self.statuses: list[int] = []
        self._program = program

    def run(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._program.port, timeout=SECONDS)
        while not self.stopped.is_set():
            token = self._token(connection)
            for _ in range(READS_A_TOKEN):
                connection.request(
                    "GET", f"{UNIT}/Users?count=1", headers={"Authorization": f"Bearer {token}"}
                )
                self.statuses.append(reply(connection.getresponse()).status)
        connection.close()

    def _token(self, connection: HTTPConnection) -> str:
        given = self.given
        form = {
            "grant_type": "client_credentials",
            "client_id": given.client_id,
            "client_secret": given.client_secret,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/sp12/oauth2/token", urlencode(form), headers)
        answer = reply(connection.getresponse())
        self.statuses.append(answer.status)
        return str(answer.json.get("access_token", "none"))


class Readers:
    """Several at once, on connections of their own, so on every worker."""

    def __init__(self, program: Program, given: Credentials) -> None:
        self._all = [Reader(program, given) for _ in range(CLIENTS)]

    @contextmanager
    def reading(self) -> Iterator[None]:
        for each in self._all:
            each.start()
        try:
            yield
        finally:
            for each in self._all:
                each.stopped.set()
                each.join(SECONDS)

    def enter(self, given: Credentials) -> None:
        """What the administrator does on Microsoft's side."""
        for each in self._all:
            each.given = given

    def read_on(self) -> set[int]:
        """Let each make ``ENOUGH`` requests more, and tell the statuses that they got."""
        before = [len(each.statuses) for each in self._all]
        for each, start in zip(self._all, before, strict=True):
            while len(each.statuses) < start + ENOUGH:
                each.join(0.005)
                assert each.is_alive()
        # Whatever was under way at the beginning belongs to the stage before.
        return {
            status
            for each, start in zip(self._all, before, strict=True)
            for status in each.statuses[start + 1 :]
        }


@pytest.fixture
def database(school: School) -> Iterator[Database]:
    opened = open_database(school.database_url, audit_keys=AUDIT_KEYS)
    yield opened
    opened.close()


def rotate(database: Database, public_url: str, overlap: timedelta) -> Credentials:
    with database.write() as connection:
        return credentials.rotate(
            connection,
            unit_named(connection, "sp12"),
            key=Settings(master_key=KEY).key("digest"),
            public_url=public_url,
            now=system_clock(),
            actor="os:test",
            overlap=overlap,
        )


def revoke(database: Database, made: Credentials) -> None:
    secret = secret_id(made.client_secret)
    assert secret
    with database.write() as connection:
        credentials.revoke(
            connection, unit_named(connection, "sp12"), secret, now=system_clock(),
            actor="os:test", force=True,
        )  # fmt: skip


def test_a_rotation_costs_no_request_and_a_revocation_leaves_none(
    school: School, database: Database
) -> None:
    """Red when ``rotate`` revokes the old secret, and when ``revoke`` only ends one."""
    old = school.credentials
    with serving(school, SCIM_WORKERS="4") as program:
        readers = Readers(program, old)
        with readers.reading():
            assert readers.read_on() == {200}
            new = rotate(database, old.web_access_url, timedelta(days=7))
            assert readers.read_on() == {200}  # with the old one, within the overlap
            readers.enter(new)
            assert readers.read_on() == {200}
            revoke(database, old)  # the overlap's end, made sooner: nobody uses it any more
            assert readers.read_on() == {200}
            newest = rotate(database, old.web_access_url, timedelta(0))
            readers.enter(newest)
            readers.read_on()  # a token that was being asked for may still name the ended secret
            assert readers.read_on() == {200}

            revoke(database, newest)
            # Who goes on asking for tokens is told to wait, too.
            assert {401} <= readers.read_on() <= {401, 429}
