"""One rate for a client, however many workers and connections there are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

from scim_server.clock import system_clock
from scim_server.database import open_database
from scim_server.directory.consent import decide
from scim_server.oauth.renewals import Renewals
from scim_server.oauth.secrets import secret_id
from scim_server.oauth.tokens import Tokens
from scim_server.settings import Settings
from tests.school import AUDIT_KEYS, KEY, SCHOOLS, MovedClock, add_school
from tests.server.program import SECONDS, UNIT, Program, School, serving

WORKERS = 4
BURST = 40
HELD = {
    "SCIM_WORKERS": str(WORKERS), "SCIM_REQUESTS_PER_SECOND": "1", "SCIM_REQUEST_BURST": str(BURST)
}  # fmt: skip


@contextmanager
def connections(program: Program, count: int) -> Iterator[list[HTTPConnection]]:
    opened = [HTTPConnection("127.0.0.1", program.port, timeout=SECONDS) for _ in range(count)]
    try:
        yield opened
    finally:
        for each in opened:
            each.close()


def status(program: Program, connection: HTTPConnection, unit: str = UNIT, token: str = "") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else program.authorized()
    connection.request("GET", f"{unit}/Users?count=1", headers=headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_one_connection_has_the_full_rate_though_one_worker_serves_it(school: School) -> None:
    """Red when the burst is shared out among the workers."""
    with serving(school, **HELD) as program, connections(program, 1) as (connection,):
        assert [status(program, connection) for _ in range(BURST)] == [200] * BURST
        more = [status(program, connection) for _ in range(BURST)]
        assert more.count(429) > BURST // 2


def test_a_school_that_asks_too_much_slows_no_other(school: School) -> None:
    """Red when rates are counted for the server, or for the network, and not for each client."""
    other = neighbour(school)
    with serving(school, **HELD) as program, connections(program, 2) as (greedy, calm):
        statuses = [status(program, greedy) for _ in range(4 * BURST)]
        assert statuses.count(429) > 2 * BURST
        for _ in range(BURST):
            status(program, greedy)
            assert status(program, calm, "/lo3/scim/v2", other) == 200


def neighbour(school: School) -> str:
    """A second unit on the same server; returns a token for it."""
    clock = MovedClock()
    clock.now = system_clock()
    database = open_database(school.database_url, audit_keys=AUDIT_KEYS)
    try:
        settings = Settings(database_url=school.database_url, master_key=KEY)
        unit, issued = add_school(database, settings, clock, "lo3")
        with database.write() as connection:
            decide(
                connection, unit, SCHOOLS[0], True, decided_by="director", actor="os:test",
                now=clock(),
            )  # fmt: skip
        tokens = Tokens(
            database, settings.keys("digest"), clock, settings.token_lifetime,
            renewals=Renewals(database, settings.keys("digest")), long_lived=False,
        )  # fmt: skip
        return tokens.issue(
            unit_id=unit.id, client_id=issued.client_id,
            secret_id=secret_id(issued.client_secret) or "", scope="scim.read",
        )  # fmt: skip
    finally:
        database.close()


def test_many_connections_have_the_rate_of_one(school: School) -> None:
    """Red when each worker counts for itself: then four times as many would be let in."""
    with serving(school, **HELD) as program, connections(program, 6 * WORKERS) as opened:
        started = time.monotonic()
        statuses = [status(program, each) for _ in range(10) for each in opened]
        refilled = time.monotonic() - started + 1
    assert set(statuses) == {200, 429}
    assert BURST <= statuses.count(200) <= BURST + refilled
