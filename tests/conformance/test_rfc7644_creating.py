"""RFC 7644 §3.3: creating resources."""

from __future__ import annotations

import json

from tests.sandbox import ENTERPRISE, GROUP, USER, Sandbox
from tests.school import World
from tests.scim.answers import fails


def test_3_3_a_created_user_is_answered_whole(sandbox: Sandbox) -> None:
    """Red when: ``Writes._write`` sends no ``Location`` after a POST."""
    sent = {
        "schemas": [USER],
        "userName": "zaneta.lecka",
        "externalId": "U-1",
        "name": {"formatted": "Żaneta Łęcka", "familyName": "Łęcka", "givenName": "Żaneta"},
    }
    response = sandbox.post("/Users", sent)
    assert response.status_code == 201
    assert response.headers["Content-Type"] == "application/scim+json"
    made = json.loads(response.data)
    location = f"{sandbox.base}/Users/{made['id']}"
    assert response.headers["Location"] == made["meta"]["location"] == location
    assert response.headers["ETag"] == made["meta"]["version"]
    assert made == {**sent, "id": made["id"], "meta": made["meta"]}
    assert sandbox.read(f"/Users/{made['id']}") == made


def test_3_3_read_only_attributes_of_a_body_are_ignored(sandbox: Sandbox) -> None:
    """Red when: ``Reception._parts`` takes read-only attributes."""
    made = sandbox.user(
        "jan", id="x", groups=[{"value": "x"}], meta={"location": "x"},
        **{ENTERPRISE: {"manager": {"value": "x", "displayName": "Ktokolwiek"}}},
    )  # fmt: skip
    assert made["id"] != "x"
    assert made["meta"]["location"] == f"{sandbox.base}/Users/{made['id']}"
    assert "groups" not in made
    assert "displayName" not in made[ENTERPRISE]["manager"]


def test_3_3_what_is_not_asserted_stays_unassigned(sandbox: Sandbox) -> None:
    """Red when: ``Reception.resource`` begins with ``{"active": True}``."""
    assert sandbox.user("jan").keys() == {"schemas", "id", "meta", "userName"}
    assert sandbox.user("ola", active=None).keys() == {"schemas", "id", "meta", "userName"}
    assert sandbox.group("7a").keys() == {"schemas", "id", "meta", "displayName"}


def test_3_3_a_taken_name_is_a_conflict(sandbox: Sandbox) -> None:
    """Red when: ``Conflict.scim_type`` is ``invalidValue``."""
    made = sandbox.user("jan.zolc")
    detail = fails(
        sandbox.post("/Users", {"schemas": [USER], "userName": "JAN.ZOLC"}), 409, "uniqueness"
    )
    assert "zolc" not in detail.lower()
    assert sandbox.read("/Users")["Resources"] == [made]


def test_3_3_a_register_takes_no_new_resources(world: World) -> None:
    """Red when: ``Writes._write`` no longer calls ``_refuse``."""
    body = json.dumps({"schemas": [USER], "userName": "nowy"})
    refused = world.request("POST", "/Users", data=body, content_type="application/scim+json")
    assert "UONET+" in fails(refused, 403)


def test_3_3_1_the_endpoint_decides_the_type(sandbox: Sandbox) -> None:
    """Red when: ``document`` in ``documents.py`` writes the type User for every resource."""
    user = sandbox.user("jan", meta={"resourceType": "Group"})
    group = sandbox.group("7a", meta={"resourceType": "User"})
    assert (user["meta"]["resourceType"], group["meta"]["resourceType"]) == ("User", "Group")
    for endpoint, schema in (("/Users", GROUP), ("/Groups", USER)):
        body = {"schemas": [schema], "userName": "ola", "displayName": "7b"}
        made = sandbox.post(endpoint, body)
        assert made.status_code in (201, 400)
        if made.status_code == 201:
            assert json.loads(made.data)["meta"]["resourceType"] == endpoint[1:-1]
