"""``$batch``: at most 20 requests, each with its own answer."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.inbound.asking import call, http
from tests.inbound.double import Double

JSON = {"Content-Type": "application/json"}


def step(number: int, **changes: Any) -> dict[str, Any]:
    return {"id": str(number), "method": "GET", "url": "/users", **changes}


def make(number: int, **changes: Any) -> dict[str, Any]:
    """A request that creates a group."""
    body = {
        "displayName": f"G {number}", "mailNickname": f"g-{number}", "mailEnabled": False,
        "securityEnabled": True,
    }  # fmt: skip
    return step(number, method="POST", url="/groups", headers=JSON, body=body, **changes)


def send(double: Double, *steps: Any) -> httpx2.Response:
    return call(double, "POST", "/$batch", json={"requests": list(steps)})


def statuses(double: Double, *steps: Any) -> dict[str, int]:
    answer = send(double, *steps)
    assert answer.status_code == 200, answer.text
    return {each["id"]: each["status"] for each in answer.json()["responses"]}


def test_every_request_has_its_own_answer(double: Double) -> None:
    answer = send(double, make(1), step(2, url="/users/nobody"), step(3, url="users?$top=1"))
    found = {each["id"]: each for each in answer.json()["responses"]}
    assert [found[name]["status"] for name in "123"] == [201, 404, 200]
    assert found["1"]["body"]["displayName"] == "G 1"
    assert found["2"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    ids = {each["headers"]["request-id"] for each in found.values()}
    assert len({*ids, answer.headers["request-id"]}) == 4


def test_twenty_requests_are_taken_and_one_more_is_400(double: Double) -> None:
    assert len(statuses(double, *map(step, range(20)))) == 20
    answer = send(double, *map(make, range(21)))
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "MaximumValueExceeded"
    assert not double.groups


def test_a_request_waits_for_those_that_it_depends_on(double: Double) -> None:
    later = step(1, url="/groups?$filter=mailNickname eq 'g-2'", dependsOn=["2"])
    answer = send(double, later, make(2)).json()["responses"]
    (found,) = (each for each in answer if each["id"] == "1")
    assert len(found["body"]["value"]) == 1


def test_what_depends_on_a_request_that_failed_is_424(double: Double) -> None:
    steps = step(1, url="/users/nobody"), make(2, dependsOn=["1"]), make(3, dependsOn=["2"])
    assert statuses(double, *steps) == {"1": 404, "2": 424, "3": 424}
    assert not double.groups


def test_one_request_may_be_throttled_alone(double: Double) -> None:
    double.fail_next(429, on="groups", retry_after=4)
    answer = send(double, make(1), make(2)).json()["responses"]
    assert [each["status"] for each in answer] == [429, 201]
    assert answer[0]["headers"]["Retry-After"] == "4"


def test_a_request_with_a_body_needs_its_content_type(double: Double) -> None:
    assert statuses(double, {**make(1), "headers": {}}) == {"1": 400}


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [1],
        [step(1), step(1)],
        [step(1, id="a"), step(2, id="A")],
        [step(1, id=None)],
        [step(1, id=1)],
        [step(1, method=None)],
        [step(1, url="")],
        [step(1, url="https://graph.microsoft.com/v1.0/users")],
        [step(1, url="/$batch")],
        [step(1, dependsOn=["2"])],
        [step(1, dependsOn="1")],
        [step(1, dependsOn=["2"]), step(2, dependsOn=["1"])],
        [step(1, headers={"a": 1})],
        [step(1, more=1)],
    ],
)
def test_a_malformed_batch_is_400_as_a_whole(double: Double, steps: list[Any]) -> None:
    assert send(double, *steps).status_code == 400
    if steps:
        assert send(double, make(9), *steps).status_code == 400
    assert not double.groups


def test_a_batch_needs_a_token(double: Double) -> None:
    assert http.post(f"{double.graph}/$batch", json={"requests": [step(1)]}).status_code == 401


def test_a_lost_batch_was_carried_out(double: Double) -> None:
    double.fail_next("lost", on="batch")
    with pytest.raises(httpx2.RemoteProtocolError):
        send(double, make(1))
    assert len(double.groups) == 1


def test_the_requests_of_a_batch_are_noted_one_by_one(double: Double) -> None:
    send(double, make(1), make(2))
    made = [each for each in double.calls if each.path == "/v1.0/groups"]
    assert [each.body["displayName"] for each in made] == ["G 1", "G 2"]
