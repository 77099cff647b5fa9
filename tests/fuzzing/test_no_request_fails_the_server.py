"""Whatever is sent: no answer is a fault of the server, and a refused write leaves no trace."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from scim2_models import Context
from werkzeug.test import TestResponse

from scim_server.directory.models import contract
from tests.fuzzing.budget import examples
from tests.fuzzing.random_requests import (
    HEADERS,
    JSON,
    METHODS,
    PATHS,
    Request,
    bodies,
    bulk_bodies,
    searches,
    sent,
)
from tests.sandbox import ERROR, Sandbox
from tests.school import World

ENDPOINTS = ("/Users", "/Groups")
SCIM_TYPES = {
    "invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath",
    "noTarget", "invalidValue", "invalidVers", "sensitive",
    "invalidCursor", "expiredCursor", "invalidCount",
}  # fmt: skip
"""RFC 7644 §3.12 and RFC 9865 §2.1."""


def test_no_search_fails_the_server(sandbox: Sandbox) -> None:
    populate(sandbox)

    @examples(250)
    @given(searches())
    def check(request: Request) -> None:
        send(sandbox, request)

    check()


def test_no_write_fails_the_server_and_a_refused_one_changes_nothing(sandbox: Sandbox) -> None:
    @examples(150)
    @given(writes(populate(sandbox)))
    def check(request: Request) -> None:
        send_noting_changes(sandbox, request)

    check()
    assert_sound(sandbox)


def test_no_write_changes_what_is_published_from_a_register(world: World) -> None:
    ids = {path: [each["id"] for each in world.list(path)["Resources"]] for path in ENDPOINTS}
    before = everything(world)

    @examples(60)
    @given(writes(ids))
    def check(request: Request) -> None:
        assert send(world, request).status_code in (400, 403)

    check()
    assert everything(world) == before


def test_no_bulk_request_fails_the_server_and_a_refused_one_changes_nothing(
    sandbox: Sandbox,
) -> None:
    @examples(100)
    @given(bulk_bodies(populate(sandbox)).flatmap(sent))
    def check(body: bytes) -> None:
        before = everything(sandbox)
        answer = send(sandbox, Request("POST", "/Bulk", body, {"Content-Type": JSON}))
        results = json.loads(answer.data).get("Operations", [])
        for each in results:
            if int(each["status"]) >= 400:
                assert_error(each["response"], int(each["status"]))
        if all(int(each["status"]) >= 400 for each in results):
            assert everything(sandbox) == before

    check()
    assert_sound(sandbox)


def test_no_address_and_no_header_fails_the_server(sandbox: Sandbox) -> None:
    ids = populate(sandbox)

    @examples(200)
    @given(anywhere([f"{endpoint}/{id}" for endpoint in ENDPOINTS for id in ids[endpoint]]))
    def check(request: Request) -> None:
        send_noting_changes(sandbox, request)

    check()
    assert_sound(sandbox)


@st.composite
def writes(draw: st.DrawFn, ids: dict[str, list[str]]) -> Request:
    endpoint = draw(st.sampled_from(ENDPOINTS))
    method = draw(st.sampled_from(("POST", "PUT", "PATCH", "PATCH")))
    body = draw(sent(draw(bodies(method, endpoint))))
    path = endpoint if method == "POST" else f"{endpoint}/{draw(st.sampled_from(ids[endpoint]))}"
    return Request(method, path, body, {"Content-Type": JSON})


@st.composite
def anywhere(draw: st.DrawFn, known: list[str]) -> Request:
    method = draw(st.sampled_from(METHODS))
    path = draw(st.sampled_from((*known, *ENDPOINTS)) | PATHS)
    body = draw(sent(draw(bodies(method, path[:6])))) if method.startswith("P") else None
    return Request(method, path, body, draw(HEADERS))


def populate(sandbox: Sandbox) -> dict[str, list[str]]:
    """A few users and groups; their ids by endpoint."""
    users = [
        sandbox.user(f"{name}@example.pl", emails=[{"value": name, "type": "work"}])["id"]
        for name in ("anna", "ewa", "jan")
    ]
    inner = sandbox.group("7a", *users)["id"]
    return {"/Users": users, "/Groups": [inner, sandbox.group("7b", inner, "nobody")["id"]]}


def send(unit: Sandbox | World, request: Request) -> TestResponse:
    """The answer, which is held against what every answer promises."""
    answer = unit.request(
        request.method, request.path, headers=dict(request.headers), data=request.body
    )
    assert answer.status_code < 500, request
    if answer.status_code >= 400 and request.method != "HEAD":
        assert answer.content_type == JSON
        assert_error(json.loads(answer.data), answer.status_code)
    return answer


def assert_error(error: dict[str, Any], status: int) -> None:
    """RFC 7644 §3.12."""
    assert error["schemas"] == [ERROR]
    assert error["status"] == str(status)
    assert error["detail"]
    assert error.keys() <= {"schemas", "status", "detail", "scimType"}
    assert error.get("scimType", "noTarget") in SCIM_TYPES


def send_noting_changes(sandbox: Sandbox, request: Request) -> None:
    """A refused write changes nothing, nor does what isn't a write."""
    before = everything(sandbox)
    answer = send(sandbox, request)
    if answer.status_code >= 400 or request.method in ("GET", "HEAD", "OPTIONS"):
        assert everything(sandbox) == before


def everything(unit: Sandbox | World) -> bytes:
    answer = unit.get("/?count=1000")
    assert answer.status_code == 200
    return answer.get_data()


def assert_sound(sandbox: Sandbox) -> None:
    """What is stored by now is what the schemas allow, and every way of reading it agrees."""
    listed = json.loads(everything(sandbox))
    assert listed["totalResults"] == len(listed["Resources"])
    for each in listed["Resources"]:
        name = each["meta"]["resourceType"]
        assert sandbox.read(f"/{name}s/{each['id']}") == each
        contract("sandbox").types[name].model.model_validate(
            each, scim_ctx=Context.RESOURCE_QUERY_RESPONSE
        )
