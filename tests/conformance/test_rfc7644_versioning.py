"""RFC 7644 §3.13 and §3.14: the version of the protocol, and the version of a resource."""

from __future__ import annotations

import json

from tests.sandbox import USER, Sandbox
from tests.scim.answers import fails


def test_3_13_the_version_stands_before_the_endpoint(sandbox: Sandbox) -> None:
    """Red when: ``_BASE`` in ``door.py`` takes any version: ``/<unit>/scim/<version>``."""
    made = sandbox.user("jan")
    assert made["meta"]["location"].endswith(f"/scim/v2/Users/{made['id']}")
    client = sandbox.app.test_client()
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    for address in ("scim/v1/Users", "scim/v3/Users", "scim/Users", "v2/Users", "scim/v2.0/Users"):
        response = client.get(f"/{sandbox.unit.name}/{address}", headers=headers)
        fails(response, 404)


def test_3_14_a_version_is_told_in_header_and_meta(sandbox: Sandbox) -> None:
    """Red when: ``Writes._write`` sends no ``ETag``."""
    made = sandbox.post("/Users", {"schemas": [USER], "userName": "jan"})
    path = f"/Users/{json.loads(made.data)['id']}"
    body = {"schemas": [USER], "userName": "jan", "title": "Uczeń"}
    change = {"op": "remove", "path": "title"}
    seen = set()
    for response in (made, sandbox.put(path, body), sandbox.patch(path, change), sandbox.get(path)):
        version = json.loads(response.data)["meta"]["version"]
        assert response.headers["ETag"] == version
        seen.add(version)
    assert len(seen) == 3


def test_3_14_a_known_version_is_not_sent_again(sandbox: Sandbox) -> None:
    """Red when: ``Reads.one`` no longer asks ``has_version``."""
    made = sandbox.user("jan", displayName="Jan")
    path = f"/Users/{made['id']}?attributes=displayName"
    known = {"If-None-Match": made["meta"]["version"]}
    response = sandbox.get(path, headers=known)
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == made["meta"]["version"]
    sandbox.patch(f"/Users/{made['id']}", {"op": "add", "path": "title", "value": "Uczeń"})
    assert sandbox.get(path, headers=known).status_code == 200


def test_3_14_a_write_holds_for_the_version_it_names(sandbox: Sandbox) -> None:
    """Red when: ``allows_version`` in ``negotiation.py`` returns True."""
    made = sandbox.user("jan")
    path = f"/Users/{made['id']}"
    for number, given in enumerate((None, "*", f'W/"none", {made["meta"]["version"]}')):
        version = sandbox.read(path)["meta"]["version"]
        tag = version if given is None else given.replace(made["meta"]["version"], version)
        change = {"op": "replace", "path": "title", "value": f"{number}"}
        response = sandbox.patch(path, change, headers={"If-Match": tag})
        assert response.status_code == 200, tag
    for given in (made["meta"]["version"], 'W/"none"', '"x"'):
        fails(sandbox.delete(path, headers={"If-Match": given}), 412)
    assert sandbox.read(path)["title"] == "2"
