"""One rate for a client, however many workers and connections there are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

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


def status(program: Program, connection: HTTPConnection) -> int:
    connection.request("GET", f"{UNIT}/Users?count=1", headers=program.authorized())
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_one_connection_has_the_full_rate_though_one_worker_serves_it(school: School) -> None:
    """Red when the burst is shared out among the workers."""
    with serving(school, **HELD) as program, connections(program, 1) as (connection,):
        assert [status(program, connection) for _ in range(BURST)] == [200] * BURST
        more = [status(program, connection) for _ in range(BURST)]
        assert more.count(429) > BURST // 2


def test_many_connections_have_the_rate_of_one(school: School) -> None:
    """Red when each worker counts for itself: then four times as many would be let in."""
    with serving(school, **HELD) as program, connections(program, 6 * WORKERS) as opened:
        started = time.monotonic()
        statuses = [status(program, each) for _ in range(10) for each in opened]
        refilled = time.monotonic() - started + 1
    assert set(statuses) == {200, 429}
    assert BURST <= statuses.count(200) <= BURST + refilled
