"""40 calls in 5 seconds, a quota in any 24 hours, and how long to wait beyond them."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest

from scim_server.inbound.simulator.limits import Window
from scim_server.inbound.simulator.uploads import MEDIA_TYPE
from tests.inbound.asking import bulk, operation, post, push, token, user
from tests.inbound.double import Double, doubled
from tests.school import MovedClock


def calls(double: Double, number: int, bearer: str) -> list[httpx2.Response]:
    """Calls on one connection, at one moment of the double's clock."""
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": MEDIA_TYPE}
    body = bulk(operation(user(1)))
    with httpx2.Client(headers=headers) as client:
        return [client.post(double.upload_url, json=body) for _ in range(number)]


def test_the_41st_call_within_5_seconds_is_429(double: Double) -> None:
    answers = calls(double, 41, token(double))
    assert {each.status_code for each in answers[:40]} == {202}
    assert answers[40].status_code == 429
    assert answers[40].json()["error"]["code"] == "TooManyRequests"
    assert answers[40].headers["retry-after"] == "5"


def test_after_retry_after_calls_are_taken_again(double: Double) -> None:
    refused = calls(double, 41, token(double))[40]
    double.clock.move(seconds=int(refused.headers["retry-after"]))
    push(double, user(1))


def test_a_refused_call_counts_too() -> None:
    """Red when only calls that are let in are counted."""
    clock, window = MovedClock(), Window(2, 10)
    assert [window.count(clock()) for _ in range(2)] == [0, 0]
    clock.move(seconds=4)
    assert window.count(clock()) == 6
    clock.move(seconds=5)
    assert window.count(clock()) == 5


def test_a_window_rolls() -> None:
    """Red when calls are counted by fixed spans of time."""
    clock, window = MovedClock(), Window(2, 10)
    assert window.count(clock()) == 0
    clock.move(seconds=9)
    assert window.count(clock()) == 0
    clock.move(seconds=1)
    assert window.count(clock()) == 0
    assert window.count(clock()) == 10


@pytest.mark.parametrize("quota", [2_000, 6_000])
def test_the_call_beyond_the_quota_of_24_hours_is_429(quota: int) -> None:
    with doubled(quota=quota) as double:
        first = double.clock()
        double.simulator.day.calls.extend([first] * (quota - 1))
        push(double, user(1))
        double.clock.move(hours=23, minutes=59)
        refused = post(double, bulk(operation(user(1))))
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "60"
        double.clock.now = first + timedelta(hours=24)
        push(double, user(1))


def test_the_quota_is_of_bulk_upload_alone(double: Double) -> None:
    bearer = {"Authorization": f"Bearer {token(double)}"}
    with httpx2.Client(headers=bearer) as client:
        found = {client.get(f"{double.graph}/users").status_code for _ in range(50)}
    assert found == {200}
