"""RFC 7644 §3.6: deleting resources."""

from __future__ import annotations

from tests.sandbox import GROUP, PATCH_OP, USER, Sandbox
from tests.school import World
from tests.scim.answers import fails


def test_3_6_what_is_deleted_is_gone_for_every_method(sandbox: Sandbox) -> None:
    """Red when: ``Change.delete`` leaves the row of ``resource``."""
    for path, body in (
        (sandbox.user("jan"), {"schemas": [USER], "userName": "jan"}),
        (sandbox.group("7a"), {"schemas": [GROUP], "displayName": "7a"}),
    ):
        path_ = path["meta"]["location"].removeprefix(sandbox.base)
        response = sandbox.delete(path_, headers={"If-Match": path["meta"]["version"]})
        assert (response.status_code, response.data) == (204, b"")
        change = {"op": "add", "path": "externalId", "value": "X"}
        for answer in (
            sandbox.get(path_), sandbox.put(path_, body), sandbox.patch(path_, change),
            sandbox.delete(path_),
        ):  # fmt: skip
            fails(answer, 404)
    assert sandbox.read("")["totalResults"] == 0
    assert sandbox.read("/Users", filter='userName eq "jan"')["Resources"] == []


def test_3_6_a_deleted_name_is_free_again(sandbox: Sandbox) -> None:
    """Red when: ``Change.delete`` leaves the row of ``resource``."""
    first = sandbox.user("jan.zolc")
    sandbox.delete(f"/Users/{first['id']}")
    again = sandbox.user("Jan.Zolc")
    assert again["id"] != first["id"]
    assert sandbox.read("/Users")["totalResults"] == 1


def test_3_6_what_is_deleted_leaves_its_groups(sandbox: Sandbox) -> None:
    """Red when: ``Change.delete`` no longer runs ``_touch_others``."""
    jan, ola = sandbox.user("jan"), sandbox.user("ola")
    group = sandbox.group("7a", jan["id"], ola["id"])
    sandbox.delete(f"/Users/{jan['id']}")
    left = sandbox.read(f"/Groups/{group['id']}")
    assert [each["value"] for each in left["members"]] == [ola["id"]]
    assert left["meta"]["version"] != group["meta"]["version"]
    sandbox.delete(f"/Groups/{group['id']}")
    assert "groups" not in sandbox.read(f"/Users/{ola['id']}")


def test_3_6_a_register_loses_nothing(world: World) -> None:
    """Red when: ``Writes._write`` no longer calls ``_refuse``."""
    path = f"/Users/{world.id_of('U-1')}"
    fails(world.request("DELETE", path), 403)
    fails(world.request("DELETE", "/Users/none"), 404)
    patch = {"schemas": [PATCH_OP], "Operations": [{"op": "remove", "path": "emails"}]}
    refused = world.request("PATCH", path, json=patch, content_type="application/scim+json")
    fails(refused, 403)
    assert world.list(path)["externalId"] == "U-1"
