"""RFC 7644 §3.12: how a failure is told, status by status."""

from __future__ import annotations

import json

import pytest

from scim_server.directory.resources import Resources
from tests.sandbox import BULK_REQUEST, USER, Sandbox
from tests.school import World
from tests.scim.answers import fails


def test_3_12_an_unparsable_request_is_400(sandbox: Sandbox) -> None:
    """Red when: ``_constant`` in ``strict_json.py`` returns None."""
    made = sandbox.user("jan")
    for method, path in (
        ("POST", "/Users"), ("PUT", f"/Users/{made['id']}"), ("PATCH", f"/Users/{made['id']}"),
        ("POST", "/Bulk"), ("POST", "/.search"),
    ):  # fmt: skip
        for text in ("", "{", "[]", "null", '"x"', '{"schemas":[],"schemas":[]}', '{"a":NaN}'):
            response = sandbox.request(
                method, path, data=text, content_type="application/scim+json"
            )
            fails(response, 400, "invalidSyntax")
    assert sandbox.read("/Users")["Resources"] == [made]


def test_3_12_a_wrong_token_is_401(sandbox: Sandbox) -> None:
    """Red when: ``Hallway._admit`` takes every scheme for ``bearer``."""
    for method, path in (
        ("GET", "/Users"), ("POST", "/Users"), ("PUT", "/Users/x"), ("PATCH", "/Users/x"),
        ("DELETE", "/Users/x"), ("POST", "/Bulk"), ("GET", "/Me"),
    ):  # fmt: skip
        for header in ("", "Bearer x", f"Basic {sandbox.token}"):
            response = sandbox.request(method, path, headers={"Authorization": header})
            fails(response, 401)
            assert response.headers["WWW-Authenticate"].startswith("Bearer ")


def test_3_12_what_the_unit_does_not_permit_is_403(world: World) -> None:
    """Red when: ``Writes._refuse`` raises ``NotImplementedHere``."""
    path = f"/Users/{world.id_of('U-1')}"
    body = json.dumps({"schemas": [USER], "userName": "x"})
    for method, address in (("POST", "/Users"), ("PUT", path), ("DELETE", path)):
        response = world.request(method, address, data=body, content_type="application/scim+json")
        fails(response, 403)


def test_3_12_what_is_not_there_is_404(sandbox: Sandbox) -> None:
    """Red when: ``_nothing`` in ``door.py`` raises ``RequestFailed``."""
    body = {"schemas": [USER], "userName": "jan"}
    change = {"op": "add", "path": "title", "value": "x"}
    for response in (
        sandbox.get("/Users/none"), sandbox.get("/Nope"), sandbox.put("/Users/none", body),
        sandbox.patch("/Users/none", change), sandbox.delete("/Groups/none"),
        sandbox.get("/Schemas/urn:nope"), sandbox.get("/ResourceTypes/Nope"),
    ):  # fmt: skip
        fails(response, 404)


def test_3_12_a_taken_name_is_409(sandbox: Sandbox) -> None:
    """Red when: ``Conflict.status`` is 400."""
    sandbox.user("jan")
    ola = sandbox.user("ola")
    body = {"schemas": [USER], "userName": "jan"}
    change = {"op": "replace", "path": "userName", "value": "jan"}
    for response in (
        sandbox.post("/Users", body), sandbox.put(f"/Users/{ola['id']}", body),
        sandbox.patch(f"/Users/{ola['id']}", change),
    ):  # fmt: skip
        fails(response, 409, "uniqueness")


def test_3_12_a_changed_resource_is_412(sandbox: Sandbox) -> None:
    """Red when: ``allows_version`` in ``negotiation.py`` returns True."""
    made = sandbox.user("jan")
    path = f"/Users/{made['id']}"
    change = {"op": "add", "path": "title", "value": "Uczeń"}
    sandbox.patch(path, change)
    stale = {"If-Match": made["meta"]["version"]}
    for response in (
        sandbox.put(path, {"schemas": [USER], "userName": "jan"}, headers=stale),
        sandbox.patch(path, change, headers=stale), sandbox.delete(path, headers=stale),
    ):  # fmt: skip
        fails(response, 412)
    assert sandbox.read(path)["title"] == "Uczeń"


def test_3_12_a_body_too_large_is_413(sandbox: Sandbox) -> None:
    """Red when: ``Hallway._handle`` reads twice ``max_body``."""
    body = {"schemas": [USER], "userName": "jan", "title": "x" * sandbox.settings.max_body_bytes}
    fails(sandbox.post("/Users", body), 413)
    operation = {"method": "DELETE", "path": "/Users/x"}
    most = sandbox.read("/ServiceProviderConfig")["bulk"]["maxOperations"]
    many = {"schemas": [BULK_REQUEST], "Operations": [operation] * (most + 1)}
    fails(sandbox.post("/Bulk", many), 413)


def test_3_12_a_fault_is_500_with_what_helps_the_operator(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when: ``Hallway.enter`` tells no request id."""

    def broken(*_arguments: object, **_more: object) -> None:
        raise RuntimeError("Żaneta")

    monkeypatch.setattr(Resources, "search", broken)
    response = sandbox.get("/Users", query_string={"filter": "userName pr"})
    detail = fails(response, 500)
    assert response.headers["X-Request-Id"] in detail
    assert "Żaneta" not in detail


def test_3_12_each_kind_of_a_bad_request_has_its_word(sandbox: Sandbox) -> None:
    """Red when: ``WrongMutability.scim_type`` is ``invalidValue``."""
    made = sandbox.user("jan")
    path = f"/Users/{made['id']}"
    search = {"filter": "userName regex x"}
    for scim_type, response in (
        ("invalidFilter", sandbox.get("/Users", query_string=search)),
        ("invalidSyntax", sandbox.post("/Bulk", {"schemas": []})),
        ("invalidPath", sandbox.patch(path, {"op": "add", "path": "a b", "value": "x"})),
        ("noTarget", sandbox.patch(path, {"op": "remove"})),
        ("mutability", sandbox.patch(path, {"op": "remove", "path": "userName"})),
        ("invalidValue", sandbox.post("/Users", {"schemas": [USER]})),
    ):
        fails(response, 400, scim_type)
