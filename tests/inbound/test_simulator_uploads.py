"""bulkUpload takes what its reference allows, and refuses the rest in Microsoft's form."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import httpx2
import pytest

from scim_server.inbound.simulator.messages import LONGEST
from scim_server.inbound.simulator.uploads import CORE, ENTERPRISE, MEDIA_TYPE
from tests.inbound.asking import bulk, call, http, operation, post, push, token, user
from tests.inbound.double import Double


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code; the form of all refusals is held here."""
    assert answer.headers["content-type"] == "application/json"
    (error,) = answer.json().values()
    assert error.keys() == {"code", "message", "innerError"}
    assert error["message"]
    assert error["innerError"].keys() == {"date", "request-id", "client-request-id"}
    assert error["innerError"]["request-id"] == answer.headers["request-id"]
    assert error["innerError"]["client-request-id"] == answer.headers["client-request-id"]
    return answer.status_code, error["code"]


def invalid(answer: httpx2.Response) -> str:
    """What a 400 of bulkUpload says is wrong, without the words that all of them begin with."""
    assert refusal(answer) == (400, "BadRequest")
    begin, _, what = answer.json()["error"]["message"].partition(": ")
    assert begin == "Invalid Data Format"
    return str(what)


def test_an_accepted_call_has_no_body_and_names_the_log(double: Double) -> None:
    answer = push(double, user(1))

    assert answer.content == b""
    assert answer.headers["content-length"] == "0"
    assert answer.headers["location"] == (
        f"{double.graph}/auditLogs/provisioning/?$filter=jobid%20eq%20'{double.tenant.job_id}'"
    )
    assert answer.headers["request-id"] == answer.headers["client-request-id"]
    assert call(double, "GET", answer.headers["location"]).status_code == 200


def test_a_call_is_named_as_the_client_names_it(double: Double) -> None:
    answer = post(double, bulk(operation(user(1))), headers={"client-request-id": "mine"})
    assert answer.headers["client-request-id"] == "mine"
    assert answer.headers["request-id"] != "mine"


def test_beta_is_the_same(double: Double) -> None:
    url = double.upload_url.replace("/v1.0/", "/beta/")
    assert post(double, bulk(operation(user(1))), url=url).status_code == 202


@pytest.mark.parametrize("value", ["", "Basic YTpi", "Bearer", "Bearer made-up"])
def test_a_call_without_a_good_token_is_401(double: Double, value: str) -> None:
    """Red when a token that wasn't given out is taken."""
    answer = post(double, bulk(operation(user(1))), headers={"Authorization": value})
    assert refusal(answer) == (401, "InvalidAuthenticationToken")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    double.settle()
    assert not double.accounts


def test_a_call_without_the_permission_is_403(double: Double) -> None:
    double.tenant.permissions = ("ProvisioningLog.Read.All",)
    answer = post(double, bulk(operation(user(1))))
    assert refusal(answer) == (403, "Authorization_RequestDenied")


def test_the_permission_for_own_jobs_is_enough(double: Double) -> None:
    double.tenant.permissions = ("SynchronizationData-User.Upload.OwnedBy",)
    push(double, user(1))


@pytest.mark.parametrize("part", ["service_principal_id", "job_id", "client_id"])
def test_another_principal_or_job_is_404(double: Double, part: str) -> None:
    own = getattr(double.tenant, part if part != "client_id" else "service_principal_id")
    other = double.tenant.client_id if part == "client_id" else "another"
    answer = post(double, bulk(operation(user(1))), url=double.upload_url.replace(own, other))
    assert refusal(answer) == (404, "Request_ResourceNotFound")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "BREW"])
def test_another_method_is_405(double: Double, method: str) -> None:
    answer = call(double, method, double.upload_url)
    assert refusal(answer) == (405, "Request_BadRequest")
    assert answer.headers["allow"] == "POST"


def test_an_unknown_segment_is_400(double: Double) -> None:
    assert refusal(call(double, "GET", "/nothing")) == (400, "BadRequest")


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/scim"])
def test_another_content_type_is_400(double: Double, kind: str) -> None:
    answer = post(double, bulk(operation(user(1))), headers={"Content-Type": kind})
    assert invalid(answer) == f"Content-Type must be {MEDIA_TYPE}."


def test_a_charset_beside_the_content_type_is_taken(double: Double) -> None:
    kind = f"{MEDIA_TYPE}; charset=utf-8"
    assert post(double, bulk(operation(user(1))), headers={"Content-Type": kind}).is_success


def test_what_is_no_json_is_400(double: Double) -> None:
    headers = {"Authorization": f"Bearer {token(double)}", "Content-Type": MEDIA_TYPE}
    assert invalid(http.post(double.upload_url, content=b"{", headers=headers))


def test_fifty_operations_are_taken_and_one_more_is_400(double: Double) -> None:
    push(double, *map(user, range(50)))
    answer = post(double, bulk(*(operation(user(number)) for number in range(51))))
    assert invalid(answer) == "Operations may be at most 50, not 51."


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        bulk(),
        bulk(operation(user(1)), schemas=[]),
        bulk(operation(user(1)), schemas=[CORE]),
        bulk(operation(user(1)), failOnErrors=1),
        bulk(operation(user(1)), more=1),
        {**bulk(operation(user(1))), "Operations": {}},
    ],
)
def test_what_is_no_bulk_request_is_400(double: Double, body: Any) -> None:
    assert invalid(post(double, body))


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "PUT"}, {"method": "post"}, {"method": None}, {"path": "/Groups"},
        {"path": "/Users/1"}, {"path": None}, {"bulkId": None}, {"bulkId": ""}, {"bulkId": 1},
        {"data": []}, {"data": ""}, {"version": "1"},
    ],
)  # fmt: skip
def test_an_operation_that_is_no_post_of_a_user_is_400(
    double: Double, changes: dict[str, Any]
) -> None:
    answer = post(double, bulk(operation(user(1)), operation(user(2), **changes)))
    assert invalid(answer).startswith("Operations[1]")
    double.settle()
    assert not double.accounts, "nothing of a refused call is done"


def test_a_bulk_id_that_stands_twice_is_400(double: Double) -> None:
    twice = bulk(operation(user(1), bulkId="one"), operation(user(2), bulkId="one"))
    assert invalid(post(double, twice)).startswith("Operations[1].bulkId")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"externalId": None}, "externalId"),
        ({"externalId": ""}, "externalId"),
        ({"externalId": 1}, "externalId"),
        ({"userName": None}, "userName"),
        ({"schemas": None}, "schemas"),
        ({"schemas": [CORE]}, "schemas"),
        ({"schemas": [ENTERPRISE]}, "schemas"),
        ({"active": "true"}, "active"),
        ({"emails": "a@b.c"}, "emails"),
        ({"emails": ["a@b.c"]}, "emails"),
        ({"name": "Jan"}, "name"),
        ({ENTERPRISE: []}, ENTERPRISE),
        ({"urn:example:extension": {}}, "urn:example:extension"),
        ({"password": "secret"}, "password"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_user_against_the_schema_is_400(
    double: Double, changes: dict[str, Any], place: str
) -> None:
    answer = post(double, bulk(operation(user(1, **changes))))
    assert invalid(answer).startswith(f"Operations[0].data.{place} ")


def test_an_extension_that_schemas_name_is_taken(double: Double) -> None:
    name = "urn:example:extension"
    push(double, user(1, schemas=[CORE, ENTERPRISE, name], **{name: {"key": "value"}}))


def test_a_body_of_more_than_four_megabytes_is_413(double: Double) -> None:
    text = json.dumps(bulk(operation(user(1))))
    headers = {"Authorization": f"Bearer {token(double)}", "Content-Type": MEDIA_TYPE}
    padded = text + " " * (LONGEST - len(text))
    assert http.post(double.upload_url, content=padded, headers=headers).status_code == 202
    # Refused by its announced length: none of it is sent.
    connection = HTTPConnection(double.address.removeprefix("http://"))
    with closing(connection):
        connection.request("POST", "/v1.0/x", headers={"Content-Length": str(LONGEST + 1)})
        assert connection.getresponse().status == 413


def test_another_host_is_refused(double: Double) -> None:
    """Red when the Host header isn't looked at: a page in a browser could reach the double."""
    answer = http.get(f"{double.graph}/users", headers={"Host": "evil.example"})
    assert answer.status_code == 421


def test_every_call_is_noted_with_its_answer(double: Double) -> None:
    body = bulk(operation(user(1)))
    post(double, body)
    post(double, {})

    assert [(each.method, each.status) for each in double.uploads] == [("POST", 202), ("POST", 400)]
    assert double.uploads[0].body == body
    assert double.uploads[0].at == double.clock()
