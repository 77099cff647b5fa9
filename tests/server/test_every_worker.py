"""What one process decides, every worker process obeys at its next request."""

from __future__ import annotations

from contextlib import ExitStack

from scim_server.clock import system_clock
from scim_server.database import open_database
from scim_server.directory.consent import decide
from scim_server.directory.units import unit_named
from scim_server.oauth.credentials import revoke
from scim_server.oauth.secrets import secret_id
from tests.school import AUDIT_KEYS, SCHOOLS
from tests.server.program import UNIT, Program, School, read_reply, serving

CONNECTIONS = 24
"""Kept open together, so that one process alone can hardly have accepted all of them."""


class Crowd(ExitStack):
    """Many open connections to all workers of a program."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._head = program.head(f"GET {UNIT}/Users?count=1")
        self._clients = [self.enter_context(program.connect()) for _ in range(CONNECTIONS)]

    def statuses(self) -> set[int]:
        for client in self._clients:
            client.sendall(self._head)
        return {read_reply(client).status for client in self._clients}


def test_every_worker_refuses_a_token_once_its_secret_is_revoked(school: School) -> None:
    """Red when ``Tokens.check`` remembers an answer between two requests."""
    secret = secret_id(school.credentials.client_secret)
    assert secret
    with serving(school, SCIM_WORKERS="2") as program, Crowd(program) as crowd:
        assert crowd.statuses() == {200}
        database = open_database(school.database_url, audit_keys=AUDIT_KEYS)
        with database.write() as connection:
            unit = unit_named(connection, "sp12")
            revoke(connection, unit, secret, now=system_clock(), actor="os:test", force=True)
        database.close()

        assert crowd.statuses() == {401}


def test_every_worker_refuses_a_token_once_no_school_publishes(school: School) -> None:
    """Red when ``Hallway._admit`` doesn't ask whether the unit publishes."""
    with serving(school, SCIM_WORKERS="2") as program, Crowd(program) as crowd:
        assert crowd.statuses() == {200}
        database = open_database(school.database_url, audit_keys=AUDIT_KEYS)
        for name in SCHOOLS:
            with database.write() as connection:
                decide(
                    connection, unit_named(connection, "sp12"), name, False,
                    decided_by="dyrektor", actor="os:test", now=system_clock(),
                )  # fmt: skip
        database.close()

        assert crowd.statuses() == {401}
