"""RFC 7644 §3.5.1: replacing a resource with PUT."""

from __future__ import annotations

import json

from tests.sandbox import ENTERPRISE, GROUP, USER, Sandbox
from tests.scim.answers import fails


def test_3_5_1_a_put_replaces_what_was_there(sandbox: Sandbox) -> None:
    """Red when: ``Writing.replace`` stores ``held.document`` with ``document`` over it."""
    made = sandbox.user(
        "jan.zolc", externalId="U-2", title="Uczeń", roles=[{"value": "uczeń"}],
        **{ENTERPRISE: {"department": "7a"}},
    )  # fmt: skip
    path = f"/Users/{made['id']}"
    sandbox.clock.move(minutes=5)
    sent = {
        "schemas": [USER],
        "id": made["id"],
        "userName": "jan.zolc",
        "externalId": "U-2",
        "name": {"formatted": "Jan Adam Żółć", "familyName": "Żółć", "middleName": "Adam"},
        "roles": [],
        "emails": [{"value": "jan@sp12.example.pl"}, {"value": "jan@dom.example"}],
    }
    response = sandbox.put(path, sent, headers={"If-Match": made["meta"]["version"]})
    assert response.status_code == 200
    replaced = json.loads(response.data)
    meta = {
        **made["meta"], "lastModified": "2026-11-24T12:05:00.250000Z",
        "version": response.headers["ETag"],
    }  # fmt: skip
    assert meta["version"] != made["meta"]["version"]
    assert replaced == {**{n: v for n, v in sent.items() if n != "roles"}, "meta": meta}
    assert sandbox.read(path) == replaced


def test_3_5_1_a_put_creates_nothing(sandbox: Sandbox) -> None:
    """Red when: ``Writing.find`` creates what it doesn't find."""
    gone = sandbox.user("ola")["id"]
    sandbox.delete(f"/Users/{gone}")
    for id in ("nowy", gone, "3f2c1b7e-0000-4000-8000-000000000000"):
        body = {"schemas": [USER], "id": id, "userName": "jan"}
        fails(sandbox.put(f"/Users/{id}", body), 404)
    assert sandbox.put("/Users", {"schemas": [USER], "userName": "jan"}).status_code == 405
    assert sandbox.read("")["totalResults"] == 0


def test_3_5_1_a_write_only_value_is_replaced(sandbox: Sandbox) -> None:
    """Red when: ``Writing.replace`` keeps the password that was there."""
    made = sandbox.user("jan", password="Zażółć-gęślą-7")
    path = f"/Users/{made['id']}"
    body = {"schemas": [USER], "userName": "jan", "password": "Jaźń-gęślą-8"}
    response = sandbox.put(path, body)
    assert response.status_code == 200
    assert response.headers["ETag"] != made["meta"]["version"]
    assert "password" not in json.loads(response.data)


def test_3_5_1_read_only_values_are_ignored(sandbox: Sandbox) -> None:
    """Red when: ``Reception._parts`` takes read-only attributes."""
    made = sandbox.user("jan")
    body = {
        "schemas": [USER], "userName": "jan", "id": "x", "groups": [{"value": "x"}],
        "meta": {"created": "2001-01-01T00:00:00Z", "location": "x", "resourceType": "Group"},
    }  # fmt: skip
    response = sandbox.put(f"/Users/{made['id']}", body)
    assert json.loads(response.data) == made


def test_3_5_1_a_required_attribute_is_given_again(sandbox: Sandbox) -> None:
    """Red when: ``Reception.resource`` no longer calls ``check_required``."""
    user, group = sandbox.user("jan"), sandbox.group("7a")
    for path, schema in ((f"/Users/{user['id']}", USER), (f"/Groups/{group['id']}", GROUP)):
        body = {"schemas": [schema], "externalId": "X-1"}
        fails(sandbox.put(path, body), 400, "invalidValue")
    assert sandbox.read("")["Resources"] == [user, group]


def test_3_5_1_members_are_replaced_whole(sandbox: Sandbox) -> None:
    """Red when: ``Writing.replace`` calls ``edited.add``."""
    jan, ola = sandbox.user("jan"), sandbox.user("ola")
    group = sandbox.group("7a", jan["id"])
    path = f"/Groups/{group['id']}"
    body = {"schemas": [GROUP], "displayName": "7a", "members": [{"value": ola["id"]}]}
    replaced = json.loads(sandbox.put(path, body).data)
    assert [each["value"] for each in replaced["members"]] == [ola["id"]]
    assert "groups" not in sandbox.read(f"/Users/{jan['id']}")
    assert sandbox.read(f"/Users/{ola['id']}")["groups"][0]["value"] == group["id"]
    cleared = sandbox.put(path, {"schemas": [GROUP], "displayName": "7a", "members": []})
    assert "members" not in json.loads(cleared.data)


def test_3_5_1_a_put_that_changes_nothing_moves_nothing(sandbox: Sandbox) -> None:
    """Red when: ``Change.update`` stores what is the same as well."""
    made = sandbox.user("jan", title="Uczeń", emails=[{"value": "jan@dom.example"}])
    sandbox.clock.move(minutes=5)
    response = sandbox.put(f"/Users/{made['id']}", made)
    assert json.loads(response.data) == made


def test_3_5_1_a_name_of_another_is_a_conflict(sandbox: Sandbox) -> None:
    """Red when: ``Change.update`` no longer calls ``_check_unique``."""
    sandbox.user("jan")
    ola = sandbox.user("ola")
    body = {"schemas": [USER], "userName": "JAN"}
    fails(sandbox.put(f"/Users/{ola['id']}", body), 409, "uniqueness")
    assert sandbox.put(f"/Users/{ola['id']}", {**body, "userName": "OLA"}).status_code == 200
