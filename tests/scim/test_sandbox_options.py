"""What the operator of a sandbox may choose, and ``/Me``."""

from __future__ import annotations

from typing import Any

from scim_server.directory.sandboxes import set_options
from tests.sandbox import GROUP, USER, Sandbox
from tests.scim.answers import fails

TITLE = {"op": "replace", "path": "title", "value": "dyrektor"}


def choose(sandbox: Sandbox, **options: Any) -> None:
    with sandbox.database.write() as connection:
        set_options(
            connection, sandbox.unit.name, options, now=sandbox.clock(), actor="os:test"
        )  # fmt: skip


def test_a_patch_is_answered_without_the_resource_where_the_sandbox_is_set_so(
    sandbox: Sandbox,
) -> None:
    choose(sandbox, patch_answers=204)
    path = f"/Users/{sandbox.user()['id']}"
    answer = sandbox.patch(path, TITLE)
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["ETag"] == sandbox.get(path).headers["ETag"] == 'W/"2"'
    shown = sandbox.patch(f"{path}?attributes=title", {**TITLE, "value": "wicedyrektor"})
    assert (shown.status_code, shown.json["title"]) == (200, "wicedyrektor")  # type: ignore[index]


def test_unknown_members_are_refused_where_the_sandbox_is_set_so(sandbox: Sandbox) -> None:
    choose(sandbox, unknown_members="refuse")
    user, group = sandbox.user()["id"], sandbox.group("7a")
    path = f"/Groups/{group['id']}"
    add = {"op": "add", "path": "members", "value": [{"value": user}, {"value": "unknown"}]}
    fails(sandbox.patch(path, add), 400, "invalidValue")
    body = {"schemas": [GROUP], "displayName": "7b", "members": [{"value": "unknown"}]}
    fails(sandbox.post("/Groups", body), 400, "invalidValue")
    fails(sandbox.put(path, body), 400, "invalidValue")
    assert sandbox.read("/Groups")["Resources"] == [group]
    circle = [
        {"method": "POST", "path": "/Groups", "bulkId": own,
         "data": {"schemas": [GROUP], "displayName": own,
                  "members": [{"value": f"bulkId:{other}"}]}}
        for own, other in (("a", "b"), ("b", "a"))
    ]  # fmt: skip
    told = sandbox.bulk(*circle).json["Operations"]  # type: ignore[index]
    assert [each["status"] for each in told] == ["201", "201"]


def test_two_groups_have_no_name_in_common_where_the_sandbox_is_set_so(sandbox: Sandbox) -> None:
    sandbox.group("7a")
    sandbox.group("7A")
    choose(sandbox, group_names="unique")
    fails(sandbox.post("/Groups", {"schemas": [GROUP], "displayName": "7A"}), 409, "uniqueness")
    other = sandbox.group("8a")
    rename = {"op": "replace", "path": "displayName", "value": "7a"}
    fails(sandbox.patch(f"/Groups/{other['id']}", rename), 409, "uniqueness")
    assert sandbox.read(f"/Groups/{other['id']}") == other


def test_a_client_is_no_user_unless_the_sandbox_names_one(sandbox: Sandbox) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        fails(sandbox.request(method, "/Me", {}), 501)
    user = sandbox.user("anna")
    choose(sandbox, me="ANNA")
    place = f"{sandbox.base}/Users/{user['id']}"
    answer = sandbox.get("/Me")
    assert (answer.status_code, answer.json, answer.headers["Location"]) == (200, user, place)
    patched = sandbox.patch("/Me", TITLE)
    assert patched.json["title"] == "dyrektor"  # type: ignore[index]
    assert patched.headers["Location"] == place
    body = {"schemas": [USER], "userName": "anna", "nickName": "Ania"}
    assert "title" not in sandbox.put("/Me", body).json  # type: ignore[operator]
    fails(sandbox.post("/Me", body), 501)
    assert sandbox.delete("/Me").status_code == 204
    fails(sandbox.get("/Me"), 404)
