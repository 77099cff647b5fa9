"""RFC 7644 §3.7: many operations in one request."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.test import TestResponse

from tests.sandbox import (
    BULK_REQUEST,
    BULK_RESPONSE,
    ENTERPRISE,
    ERROR,
    GROUP,
    PATCH_OP,
    USER,
    Sandbox,
)
from tests.school import World
from tests.scim.answers import fails


def user(bulk_id: str, name: str, **attributes: Any) -> dict[str, Any]:
    data = {"schemas": [USER], "userName": name, **attributes}
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data}


def group(bulk_id: str, name: str, *members: str) -> dict[str, Any]:
    data = {
        "schemas": [GROUP], "displayName": name,
        "members": [{"value": f"bulkId:{each}"} for each in members],
    }  # fmt: skip
    return {"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data}


def results(response: TestResponse) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.get_data(as_text=True)
    body = json.loads(response.data)
    assert body.keys() == {"schemas", "Operations"}
    assert body["schemas"] == [BULK_RESPONSE]
    found: list[dict[str, Any]] = body["Operations"]
    return found


def at(result: dict[str, Any], sandbox: Sandbox) -> dict[str, Any]:
    """The resource that a result is about."""
    return sandbox.read(result["location"].removeprefix(sandbox.base))


def test_3_7_a_bulk_request_names_its_schema_and_operations(sandbox: Sandbox) -> None:
    """Red when: ``Bulk`` takes any list of ``schemas``."""
    good = user("a", "jan")
    for body in (
        {"Operations": [good]}, {"schemas": [USER], "Operations": [good]},
        {"schemas": [BULK_REQUEST]}, {"schemas": [BULK_REQUEST], "Operations": good},
        {"schemas": [BULK_REQUEST], "Operations": [good], "failOnErrors": "1"},
    ):  # fmt: skip
        response = sandbox.post("/Bulk", body)
        assert response.status_code == 400
        assert json.loads(response.data)["scimType"] in ("invalidSyntax", "invalidValue")
    assert sandbox.read("/Users")["totalResults"] == 0


def test_3_7_what_an_operation_lacks_fails_it(sandbox: Sandbox) -> None:
    """Red when: ``Bulk._request`` no longer asks for a ``bulkId``."""
    made = sandbox.user("ola")
    path = f"/Users/{made['id']}"
    wrong: tuple[dict[str, Any], ...] = (
        {name: value for name, value in user("a", "jan").items() if name != "method"},
        {name: value for name, value in user("a", "jan").items() if name != "bulkId"},
        {name: value for name, value in user("a", "jan").items() if name != "path"},
        {name: value for name, value in user("a", "jan").items() if name != "data"},
        {"method": "PUT", "path": path}, {"method": "PATCH", "path": path},
        {"method": "GET", "path": path}, {**user("a", "jan"), "path": path},
        {"method": "DELETE", "path": "/Users"}, {"method": "POST", "path": "/Bulk", "bulkId": "b"},
    )  # fmt: skip
    for each in wrong:
        response = sandbox.bulk(each)
        if response.status_code == 200:
            (result,) = results(response)
            assert result["status"].startswith("4"), each
            assert result["response"]["status"] == result["status"]
        else:
            assert response.status_code == 400, each
    assert sandbox.read("/Users")["Resources"] == [made]


def test_3_7_every_result_tells_what_became_of_its_operation(sandbox: Sandbox) -> None:
    """Red when: ``_told`` in ``writes.py`` leaves the base out of ``location``."""
    bob, dave, zoe = (sandbox.user(name, nickName="N") for name in ("bob", "dave", "zoe"))
    patch = {
        "schemas": [PATCH_OP],
        "Operations": [
            {"op": "remove", "path": "nickName"},
            {"op": "add", "path": "userName", "value": "dawid"},
        ],
    }
    answer = sandbox.bulk(
        user("qwerty", "alicja"),
        {
            "method": "PUT", "path": f"/Users/{bob['id']}", "version": bob["meta"]["version"],
            "data": {"schemas": [USER], "id": bob["id"], "userName": "robert"},
        },
        {
            "method": "PATCH", "path": f"/Users/{dave['id']}", "data": patch,
            "version": dave["meta"]["version"],
        },
        {"method": "DELETE", "path": f"/Users/{zoe['id']}", "version": zoe["meta"]["version"]},
        failOnErrors=1,
    )  # fmt: skip
    post, put, patched, deleted = results(answer)
    assert post["bulkId"] == "qwerty"
    assert [each["method"] for each in results(answer)] == ["POST", "PUT", "PATCH", "DELETE"]
    assert [each["status"] for each in results(answer)] == ["201", "200", "200", "204"]
    assert at(post, sandbox)["userName"] == "alicja"
    for result, made in ((put, bob), (patched, dave), (deleted, zoe)):
        assert result["location"] == made["meta"]["location"]
        assert "bulkId" not in result
    for result, name in ((put, "robert"), (patched, "dawid")):
        found = at(result, sandbox)
        assert (found["userName"], found["meta"]["version"]) == (name, result["version"])
        assert "nickName" not in found
    fails(sandbox.get(f"/Users/{zoe['id']}"), 404)


def test_3_7_a_failure_leaves_the_rest_alone(sandbox: Sandbox) -> None:
    """Red when: ``Bulk.run`` ends with the first failure."""
    bob = sandbox.user("bob")
    stale = {"method": "DELETE", "path": f"/Users/{bob['id']}", "version": 'W/"0"'}
    answer = sandbox.bulk(
        user("a", "BOB"), user("b", "jan"), stale, user("c", ""),
        {"method": "DELETE", "path": "/Users/none"}, user("d", "ola"),
    )  # fmt: skip
    found = results(answer)
    assert [each["status"] for each in found] == ["409", "201", "412", "400", "404", "201"]
    for each in found:
        assert (each["status"] == "201") or each["response"] == {
            "schemas": [ERROR], "status": each["status"], "detail": each["response"]["detail"],
            **({"scimType": "uniqueness"} if each["status"] == "409" else {}),
            **({"scimType": "invalidValue"} if each["status"] == "400" else {}),
        }  # fmt: skip
        assert ("location" in each) == (each["status"] not in ("409", "400"))
    names = [each["userName"] for each in sandbox.read("/Users")["Resources"]]
    assert names == ["bob", "jan", "ola"]


def test_3_7_the_client_says_how_many_errors_are_enough(sandbox: Sandbox) -> None:
    """Red when: ``Bulk.run`` goes on until there are more (``>``)."""
    sandbox.user("bob")
    operations = (user("a", "jan"), user("b", "bob"), user("c", "ola"), user("d", "bob"))
    after_one = results(sandbox.bulk(*operations, user("e", "ala"), failOnErrors=1))
    assert [each["status"] for each in after_one] == ["201", "409"]
    others = (user("a", "adam"), user("b", "bob"), user("c", "ewa"), user("d", "bob"))
    after_two = results(sandbox.bulk(*others, user("e", "iga"), failOnErrors=2))
    assert [each["status"] for each in after_two] == ["201", "409", "201", "409"]
    names = [each["userName"] for each in sandbox.read("/Users")["Resources"]]
    assert names == ["bob", "jan", "adam", "ewa"]


def test_3_7_1_groups_that_hold_each_other_are_made(sandbox: Sandbox) -> None:
    """Red when: ``Change.create`` leaves memberships with the placeholder."""
    answer = results(
        sandbox.bulk(group("qwerty", "Grupa A", "ytrewq"), group("ytrewq", "Grupa B", "qwerty"))
    )
    assert [each["status"] for each in answer] == ["201", "201"]
    one, two = (at(each, sandbox) for each in answer)
    for holder, held in ((one, two), (two, one)):
        (member,) = holder["members"]
        assert (member["value"], member["type"]) == (held["id"], "Group")
        assert member["$ref"] == held["meta"]["location"]
    assert sandbox.read("/Groups", filter='displayName sw "Grupa"')["totalResults"] == 2


def test_3_7_2_a_bulk_id_becomes_the_id_that_was_made(sandbox: Sandbox) -> None:
    """Red when: ``Bulk._resolved`` returns ``value`` for a reference."""
    for operations in (
        [user("qwerty", "alicja"), group("ytrewq", "Przewodnicy", "qwerty")],
        [group("ytrewq", "Przewodnicy", "qwerty"), user("qwerty", "ala")],
    ):
        made = {each["bulkId"]: at(each, sandbox) for each in results(sandbox.bulk(*operations))}
        (member,) = made["ytrewq"]["members"]
        assert member["value"] == made["qwerty"]["id"]
        assert (member["type"], member["$ref"]) == ("User", made["qwerty"]["meta"]["location"])


def test_3_7_2_a_bulk_id_stands_in_a_path_and_a_patch(sandbox: Sandbox) -> None:
    """Red when: ``Bulk._operation`` leaves a reference in a path."""
    add = {
        "schemas": [PATCH_OP],
        "Operations": [{"op": "add", "path": "members", "value": [{"value": "bulkId:b"}]}],
    }
    answer = results(
        sandbox.bulk(
            group("a", "7a"), user("b", "jan"),
            {"method": "PATCH", "path": "/Groups/bulkId:a", "data": add},
        )
    )  # fmt: skip
    assert [each["status"] for each in answer] == ["201", "201", "200"]
    assert at(answer[2], sandbox)["members"][0]["value"] == at(answer[1], sandbox)["id"]


def test_3_7_2_a_bulk_id_in_an_extension_is_replaced_as_well(sandbox: Sandbox) -> None:
    """Red when: ``Bulk._resolved`` skips members named by a URN."""
    manager = {ENTERPRISE: {"employeeNumber": "11250", "manager": {"value": "bulkId:qwerty"}}}
    answer = results(sandbox.bulk(user("ytrewq", "bob", **manager), user("qwerty", "alicja")))
    assert [each["status"] for each in answer] == ["201", "201"]
    bob, alicja = (at(each, sandbox) for each in answer)
    assert bob[ENTERPRISE]["manager"]["value"] == alicja["id"]


def test_3_7_2_a_bulk_id_of_nothing_is_a_conflict(sandbox: Sandbox) -> None:
    """Red when: ``Bulk._request`` lets a reference to nothing pass."""
    (refused,) = results(sandbox.bulk(group("a", "7a", "nikt")))
    assert refused["status"] in ("400", "409")
    assert sandbox.read("/Groups")["totalResults"] == 0
    twice = sandbox.bulk(user("a", "jan"), user("a", "ola"))
    assert twice.status_code == 400 or {each["status"] for each in results(twice)} != {"201"}


def test_3_7_4_both_limits_are_announced_and_kept(sandbox: Sandbox) -> None:
    """Red when: ``Bulk`` refuses as many operations as are allowed (``>=``)."""
    limits = sandbox.read("/ServiceProviderConfig")["bulk"]
    most, largest = limits["maxOperations"], limits["maxPayloadSize"]
    too_many = [{"method": "DELETE", "path": "/Users/x"}] * (most + 1)
    assert str(most) in fails(sandbox.bulk(*too_many), 413)
    assert len(results(sandbox.bulk(*too_many[1:]))) == most
    body = json.dumps({"schemas": [BULK_REQUEST], "Operations": [user("a", "jan")]})
    for length, status in ((largest, 200), (largest + 1, 413)):
        response = sandbox.request(
            "POST", "/Bulk", data=body.ljust(length), content_type="application/scim+json"
        )
        assert response.status_code == status
    assert str(largest) in fails(response, 413)


def test_3_7_a_register_takes_no_bulk(world: World) -> None:
    """Red when: ``Writes.bulk`` no longer raises the unit's refusal."""
    body = {"schemas": [BULK_REQUEST], "Operations": [user("a", "jan")]}
    response = world.request("POST", "/Bulk", json=body)
    fails(response, 403)
