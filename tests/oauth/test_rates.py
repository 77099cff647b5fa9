"""How often a client may ask, and how often one may fail to prove who it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scim_server.audit import whole
from scim_server.errors import TooManyRequests
from scim_server.oauth.rates import Buckets, Rates, network_of
from scim_server.settings import Settings
from tests.isolation.neighbour import neighbour_of
from tests.oauth.asking import GRANT, ask, in_body, own
from tests.sandbox import Sandbox, make_sandbox
from tests.school import SCHOOLS, MovedClock, World, make_world
from tests.scim.answers import fails, stable


@pytest.fixture
def held(database: object, database_url: str, clock: MovedClock, tmp_path: Path) -> World:
    """A school whose clients may ask twice a second, and five times at once."""
    world = make_world(
        database, database_url, clock, tmp_path, requests_per_second=2, request_burst=5,  # type: ignore[arg-type]
    )  # fmt: skip
    clock.move(minutes=1)
    return world


def statuses(world: World | Sandbox, count: int) -> list[int]:
    return [world.get("/Users?count=1").status_code for _ in range(count)]


def test_the_rate_is_fifty_a_second_and_two_hundred_at_once() -> None:
    assert (Settings().requests_per_second, Settings().request_burst) == (50, 200)


def test_who_asks_too_often_is_told_when_to_ask_again(held: World) -> None:
    """Red when ``_admit`` no longer counts, or the wait is rounded down."""
    assert statuses(held, 6) == [200] * 5 + [429]
    answer = held.get("/Users")
    fails(answer, 429)
    assert answer.headers["Retry-After"] == "1"
    held.clock.move(seconds=1)
    assert statuses(held, 3) == [200, 200, 429]
    held.clock.move(hours=1)
    held.token = held.ask_token().json["access_token"]  # type: ignore[index]
    held.clock.move(minutes=5)
    assert statuses(held, 6) == [200] * 5 + [429]


def test_a_wait_of_many_seconds_is_a_whole_number_of_them(clock: MovedClock) -> None:
    rates = Rates(clock, per_second=1, burst=1)
    rates.admit("client", "register")
    clock.move(seconds=0.25)
    with pytest.raises(TooManyRequests) as raised:
        rates.admit("client", "register")
    assert dict(raised.value.headers) == {"Retry-After": "1"}
    for _ in range(10):
        rates.fail("client", "192.0.2.0/24")
    with pytest.raises(TooManyRequests) as raised:
        rates.fail("client", "192.0.2.0/24")
    assert dict(raised.value.headers) == {"Retry-After": "6"}


def test_refused_requests_do_not_make_the_wait_longer(held: World) -> None:
    """Red when ``take`` counts what it refuses."""
    statuses(held, 100)
    held.clock.move(seconds=1)
    assert statuses(held, 3) == [200, 200, 429]


def test_one_school_does_not_slow_another(held: World) -> None:
    """Red when the bucket isn't named after the client."""
    other = neighbour_of(held)
    held.clock.move(minutes=1)
    assert statuses(held, 50).count(429) == 45
    assert statuses(other, 5) == [200] * 5


def test_a_sandbox_may_ask_ten_times_as_often(
    database: object, database_url: str, clock: MovedClock
) -> None:
    """Red when ``admit`` forgets the kind of the unit."""
    sandbox = make_sandbox(
        database, database_url, clock, requests_per_second=2, request_burst=5,  # type: ignore[arg-type]
    )  # fmt: skip
    clock.move(minutes=1)
    assert statuses(sandbox, 51) == [200] * 50 + [429]


def test_an_unknown_token_takes_nothing_from_a_client(held: World) -> None:
    """Red when the count comes before the token is checked."""
    right, held.token = held.token, "uonet_at_" + "x" * 49
    assert statuses(held, 20) == [401] * 20
    held.token = right
    assert statuses(held, 5) == [200] * 5


def test_a_clock_that_goes_back_locks_nobody_out(clock: MovedClock) -> None:
    """Red when ``_find`` believes a moment that lies beyond the longest wait."""
    rates = Rates(clock, per_second=1, burst=3)
    for _ in range(3):
        rates.admit("client", "register")
    clock.move(days=-1)
    for _ in range(3):
        rates.admit("client", "register")


def test_processes_with_one_folder_count_together(clock: MovedClock, tmp_path: Path) -> None:
    """Red when each process has a file of its own."""
    first, second = (Rates(clock, per_second=1, burst=4, folder=tmp_path) for _ in range(2))
    for each in (first, second, first, second):
        each.admit("client", "register")
    for each in (first, second):
        with pytest.raises(TooManyRequests):
            each.admit("client", "register")


def test_the_counts_name_nobody(clock: MovedClock, tmp_path: Path) -> None:
    """Red when a bucket keeps its name."""
    rates = Rates(clock, per_second=1, burst=4, folder=tmp_path)
    rates.admit("sp12-canary", "register")
    rates.fail("sp12-canary", "192.0.2.0/24")
    for each in tmp_path.iterdir():
        assert b"canary" not in each.read_bytes()
        assert each.stat().st_mode & 0o077 == 0


def test_no_client_is_refused_because_of_others(clock: MovedClock) -> None:
    """Red when a bucket that finds no room refuses, or takes another's."""
    buckets = Buckets(clock)
    for number in range(20_000):
        assert buckets.take(f"client {number}", 1, 1) == 0
    clock.move(seconds=2)
    for number in range(100):
        assert buckets.take(f"other {number}", 1, 1) == 0
        assert buckets.take(f"other {number}", 1, 1) > 0


def fail(world: World, times: int, client: str = "", network: str = "192.0.2.1") -> list[int]:
    """The statuses of attempts with a wrong secret, from a network behind one proxy."""
    name = client or world.credentials.client_id
    return [
        ask(world, GRANT | in_body(name, "wrong"), **forwarded(network)).status_code
        for _ in range(times)
    ]


def forwarded(network: str) -> dict[str, Any]:
    return {"environ_overrides": {"HTTP_X_FORWARDED_FOR": network}}


def test_failures_of_a_client_from_a_network_are_slowed_down(world: World) -> None:
    """Red when ``_note_failure`` no longer counts."""
    assert fail(world, 12) == [401] * 10 + [429] * 2
    world.clock.move(seconds=6)
    assert fail(world, 2) == [401, 429]


def test_who_fails_too_often_is_told_so_in_words_of_oauth(world: World) -> None:
    fail(world, 10)
    answer = ask(world, GRANT | in_body(own(world)[0], "wrong"), **forwarded("192.0.2.200"))
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "6"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_json()["error"] == "temporarily_unavailable"


def test_nobody_locks_a_school_out(world: World) -> None:
    """Red when a right secret is refused for the failures of others, on whatever network."""
    fail(world, 50)
    for network in ("192.0.2.1", "192.0.2.99", "198.51.100.1"):
        assert ask(world, GRANT | in_body(*own(world)), **forwarded(network)).status_code == 200
    assert fail(world, 1, network="198.51.100.1") == [401]
    assert world.get("/Users").status_code == 200


def test_failures_tell_nothing_of_which_clients_there_are(world: World) -> None:
    """Red when failures are counted for known clients only."""
    known, unknown = (
        [
            stable(ask(world, GRANT | in_body(name, "wrong"), **forwarded("192.0.2.1")))
            for _ in range(12)
        ]
        for name in (world.credentials.client_id, "sp12-nobody00")
    )
    assert known == unknown
    assert [each[0] for each in known] == [401] * 10 + [429] * 2


@pytest.mark.parametrize("endpoint", ["revoke", "introspect"])
def test_failures_count_at_every_endpoint(world: World, endpoint: str) -> None:
    """Red when only the token endpoint counts."""
    form = {"token": "x", **in_body(world.credentials.client_id, "wrong")}
    client = world.app.test_client()
    statuses = [
        client.post(f"/sp12/oauth2/{endpoint}", data=form, **forwarded("192.0.2.1")).status_code
        for _ in range(11)
    ]
    assert statuses == [401] * 10 + [429]


def test_getting_tokens_counts_as_asking(held: World) -> None:
    """Red when the token endpoint admits a client however often it asks."""
    answers = [ask(held, GRANT | in_body(*own(held))) for _ in range(6)]
    assert [each.status_code for each in answers] == [200] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "1"
    assert answers[-1].get_json()["error"] == "temporarily_unavailable"


def test_refused_sign_ins_are_recorded_with_their_client_where_it_is_known(world: World) -> None:
    """Red when ``authenticate_client`` notes no refusal."""
    fail(world, 2)
    fail(world, 3, client="sp12-nobody00")
    ask(world, GRANT | {"scope": "scim.write"} | in_body(*own(world)))
    for school in SCHOOLS:
        world.decide(school, False)
    ask(world, GRANT | in_body(*own(world)))
    world.app.extensions["rounds"].run_all()
    with world.database.read() as connection:
        rows = [row for row in whole(connection) if row["action"] == "token.refused"]
    assert [(row["unit"], row["facts"]) for row in rows] == [
        (
            "sp12",
            {
                "client": world.credentials.client_id,
                "reasons": {"authentication": 2, "publishes nothing": 1, "scope": 1},
            },
        ),
        (None, {"client": None, "reasons": {"authentication": 3}}),
    ]


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies", "local", "network"),
    [
        ("192.0.2.77", "", 0, False, "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "", 0, False, "2001:db8:1:2::/64"),
        ("192.0.2.77", "198.51.100.9", 0, False, "192.0.2.0/24"),  # a header that anyone can send
        ("127.0.0.1", "198.51.100.9", 1, False, "198.51.100.0/24"),
        ("127.0.0.1", "203.0.113.1, 198.51.100.9", 1, False, "198.51.100.0/24"),
        ("127.0.0.1", "203.0.113.1, 198.51.100.9", 2, False, "203.0.113.0/24"),
        ("127.0.0.1", "198.51.100.9:4711", 1, False, "198.51.100.0/24"),
        ("127.0.0.1", "[2001:db8::1]:4711", 1, False, "2001:db8::/64"),
        ("127.0.0.1", "", 1, False, None),
        ("127.0.0.1", "198.51.100.9", 2, False, None),
        ("127.0.0.1", "unknown", 1, False, None),
        ("127.0.0.1", "", 0, False, None),  # a proxy that nobody told of
        ("127.0.0.1", "", 0, True, "127.0.0.0/24"),
        ("", "", 0, True, None),
    ],
)  # fmt: skip
def test_the_network_is_what_a_trusted_hop_says(
    remote: str, forwarded: str, proxies: int, local: bool, network: str | None
) -> None:
    """Red when the first address of ``X-Forwarded-For`` is believed, or any without proxies."""
    environ = {"REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": forwarded}
    assert network_of(environ, proxies, is_local=local) == network
