"""RFC 7644 §3.11: the alias of who asks, which is a client and no user unless the unit says so."""

from __future__ import annotations

import json

from scim_server.directory.sandboxes import set_options
from tests.sandbox import USER, Sandbox
from tests.scim.answers import fails


def test_3_11_there_is_nobody_to_alias(sandbox: Sandbox) -> None:
    """Red when: ``Writes.me`` raises ``Forbidden``."""
    body = {"schemas": [USER], "userName": "jan"}
    change = {"op": "add", "path": "title", "value": "x"}
    for response in (
        sandbox.get("/Me"), sandbox.post("/Me", body), sandbox.put("/Me", body),
        sandbox.patch("/Me", change), sandbox.delete("/Me"),
    ):  # fmt: skip
        fails(response, 501)
    assert sandbox.read("/Users")["totalResults"] == 0


def test_3_11_who_is_aliased_is_told_by_location(sandbox: Sandbox) -> None:
    """Red when: ``Writes.me`` returns ``answer`` without ``location``."""
    made = sandbox.user("jan")
    with sandbox.database.write() as connection:
        set_options(
            connection, sandbox.unit.name, {"me": "jan"}, now=sandbox.clock(), actor="os:test"
        )
    body = {"schemas": [USER], "userName": "jan", "title": "Uczeń"}
    change = {"op": "replace", "path": "title", "value": "Starosta"}
    for response in (sandbox.get("/Me"), sandbox.put("/Me", body), sandbox.patch("/Me", change)):
        assert response.status_code == 200
        assert response.headers["Location"] == made["meta"]["location"]
        assert json.loads(response.data)["id"] == made["id"]
    assert sandbox.read(f"/Users/{made['id']}")["title"] == "Starosta"
    gone = sandbox.delete("/Me")
    assert (gone.status_code, gone.headers["Location"]) == (204, made["meta"]["location"])
