"""Faults on demand: what a push has to live through."""

from __future__ import annotations

import httpx2
import pytest

from tests.inbound.asking import ask, bulk, call, operation, post, push, user
from tests.inbound.double import Double


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_service_does_nothing(double: Double, status: int) -> None:
    double.fail_next(status)
    assert post(double, bulk(operation(user(1)))).status_code == status
    double.settle()
    assert not double.accounts
    push(double, user(1))


def test_a_503_tells_how_long_to_wait(double: Double) -> None:
    double.fail_next(503, retry_after=7)
    assert post(double, bulk(operation(user(1)))).headers["retry-after"] == "7"


def test_throttling_on_demand_tells_how_long_to_wait(double: Double) -> None:
    double.fail_next(429, times=2, retry_after=3)
    answers = [post(double, bulk(operation(user(1)))) for _ in range(3)]
    assert [each.status_code for each in answers] == [429, 429, 202]
    assert answers[0].headers["retry-after"] == "3"


def test_a_lost_answer_is_of_a_call_that_was_taken(double: Double) -> None:
    double.fail_next("lost")
    with pytest.raises(httpx2.RemoteProtocolError):
        post(double, bulk(operation(user(1))))
    assert double.uploads[0].status == 0
    double.settle()
    assert "P-1" in double.accounts


def test_a_cut_call_was_not_taken(double: Double) -> None:
    double.fail_next("cut")
    with pytest.raises(httpx2.RemoteProtocolError):
        post(double, bulk(operation(user(1))))
    double.settle()
    assert not double.accounts


def test_a_token_that_ends_early_is_401(double: Double) -> None:
    double.fail_next("expired")
    answer = post(double, bulk(operation(user(1))))
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"
    push(double, user(1))


def test_a_fault_waits_for_a_call_of_its_kind(double: Double) -> None:
    double.fail_next(500, on="log")
    double.fail_next(503, on="token")
    assert ask(double).status_code == 503
    push(double, user(1))
    assert call(double, "GET", "/auditLogs/provisioning").status_code == 500
    assert call(double, "GET", "/auditLogs/provisioning").status_code == 200


def test_repeated_faults_are_met_in_turn_every_so_many_calls(double: Double) -> None:
    double.simulator.faults.repeat([500, 429], 2)
    found = [post(double, bulk(operation(user(1)))).status_code for _ in range(6)]
    assert found == [202, 500, 202, 429, 202, 500]


@pytest.mark.parametrize(
    ("what", "on"), [(418, "bulkUpload"), ("late", "log"), (500, "mail"), ("expired", "token")]
)
def test_a_fault_that_there_isn_t_is_refused(double: Double, what: int | str, on: str) -> None:
    with pytest.raises(ValueError, match="There is no fault"):
        double.fail_next(what, on=on)
