"""RFC 7644 §3.4.1, §3.9 and §3.10: one resource, and what of it is returned."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox import ENTERPRISE, GROUP, USER, Sandbox
from tests.scim.answers import fails


@pytest.fixture
def teacher(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.user(
        "maria.cwikla",
        name={"givenName": "Maria", "familyName": "Ćwikła"},
        title="Nauczycielka",
        emails=[{"value": "maria@dom.example", "type": "home"}],
        **{ENTERPRISE: {"department": "Matematyka", "division": "Klasy 4-8"}},
    )


def test_3_4_1_a_known_resource_is_read_at_its_location(
    sandbox: Sandbox, teacher: dict[str, Any]
) -> None:
    """Red when: ``Reads.one`` sends a strong ``ETag``."""
    response = sandbox.get(f"/Users/{teacher['id']}")
    assert (response.status_code, response.headers["ETag"]) == (200, teacher["meta"]["version"])
    assert json.loads(response.data) == teacher
    assert (
        response.headers.get("Content-Location", teacher["meta"]["location"])
        == (teacher["meta"]["location"])
    )
    for path in ("/Users/none", f"/Groups/{teacher['id']}"):
        fails(sandbox.get(path), 404)


def test_3_9_only_what_is_asked_for_is_returned(sandbox: Sandbox, teacher: dict[str, Any]) -> None:
    """Red when: ``_ALWAYS`` in ``projection.py`` leaves ``id`` out."""
    path = f"/Users/{teacher['id']}"
    least = {"schemas": [USER], "id": teacher["id"]}
    wanted: dict[str, dict[str, Any]] = {
        "userName": {"userName": "maria.cwikla"},
        "userName, title": {"userName": "maria.cwikla", "title": "Nauczycielka"},
        "name.givenName": {"name": {"givenName": "Maria"}},
        "emails.value": {"emails": [{"value": "maria@dom.example"}]},
        "nope": {},
        f"{ENTERPRISE}:department": {
            "schemas": [USER, ENTERPRISE], ENTERPRISE: {"department": "Matematyka"},
        },
    }  # fmt: skip
    for names, expected in wanted.items():
        assert sandbox.read(path, attributes=names) == least | expected, names
        listed = sandbox.read("/Users", attributes=names)["Resources"]
        assert listed == [least | expected]


def test_3_9_what_is_excluded_is_left_out(sandbox: Sandbox, teacher: dict[str, Any]) -> None:
    """Red when: ``Projection.apply`` calls ``_only`` for both lists."""
    path = f"/Users/{teacher['id']}"
    for names, gone in (
        ("title", {"title"}), ("title,emails", {"title", "emails"}), ("nope", set[str]()),
        ("id,schemas,userName", {"userName"}), ("meta,META,ID", {"meta"}),
    ):  # fmt: skip
        left = {name: value for name, value in teacher.items() if name not in gone}
        assert sandbox.read(path, excludedAttributes=names) == left, names
        assert sandbox.read("/Users", excludedAttributes=names)["Resources"] == [left]


def test_3_9_the_two_lists_exclude_one_another(sandbox: Sandbox, teacher: dict[str, Any]) -> None:
    """Red when: ``projection`` no longer asks whether both are given."""
    query = {"attributes": "title", "excludedAttributes": "name"}
    for path in ("/Users", f"/Users/{teacher['id']}"):
        fails(sandbox.get(path, query_string=query), 400, "invalidValue")


def test_3_9_answers_to_writes_are_cut_as_well(sandbox: Sandbox, teacher: dict[str, Any]) -> None:
    """Red when: ``Writes._write`` answers with ``found.body`` whatever is asked for."""
    body = {"schemas": [USER], "userName": "jan", "title": "Uczeń"}
    made = sandbox.post("/Users", body, query_string={"attributes": "title"})
    assert json.loads(made.data).keys() == {"schemas", "id", "title"}
    path = f"/Users/{teacher['id']}"
    body["userName"] = "maria"
    put = sandbox.put(path, body, query_string={"excludedAttributes": "title,meta"})
    assert json.loads(put.data).keys() == {"schemas", "id", "userName"}
    change = {"op": "replace", "path": "title", "value": "Dyrektorka"}
    patched = sandbox.patch(path, change, query_string={"attributes": "title"})
    assert json.loads(patched.data) == {
        "schemas": [USER], "id": teacher["id"], "title": "Dyrektorka",
    }  # fmt: skip


def test_3_10_every_spelling_of_an_attribute_is_the_same(
    sandbox: Sandbox, teacher: dict[str, Any]
) -> None:
    """Red when: ``_attribute`` in ``paths.py`` looks for ``uri`` instead of ``uri.lower()``."""
    path = f"/Users/{teacher['id']}"
    for spelling in (
        "name.givenName", "NAME.GIVENNAME", f"{USER}:name.givenName",
        f"{USER.upper()}:Name.GivenName",
    ):  # fmt: skip
        assert sandbox.read(path, attributes=spelling)["name"] == {"givenName": "Maria"}
        found = sandbox.read("/Users", filter=f'{spelling} eq "maria"', sortBy=spelling)
        assert found["totalResults"] == 1
        sandbox.patch(path, {"op": "replace", "path": spelling, "value": spelling})
        assert sandbox.read(path)["name"]["givenName"] == spelling
        sandbox.patch(path, {"op": "replace", "path": spelling, "value": "Maria"})
    extended = f"{ENTERPRISE}:department"
    assert sandbox.read("/Users", filter=f'{extended} eq "matematyka"')["totalResults"] == 1
    sandbox.patch(path, {"op": "remove", "path": extended.upper()})
    assert sandbox.read(path)[ENTERPRISE] == {"division": "Klasy 4-8"}


def test_3_9_a_group_is_read_without_its_members(sandbox: Sandbox) -> None:
    """Red when: ``Reads.one`` asks for ``collections=True``."""
    user = sandbox.user("jan")
    group = sandbox.group("7a", user["id"])
    path = f"/Groups/{group['id']}"
    assert "members" not in sandbox.read(path, excludedAttributes="members")
    assert sandbox.read(path, attributes="members.value") == {
        "schemas": [GROUP], "id": group["id"], "members": [{"value": user["id"]}],
    }  # fmt: skip
