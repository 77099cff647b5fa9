"""Who may write what: a school nobody, a sandbox its own clients with the scope."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox import BULK_REQUEST, GROUP, PATCH_OP, USER, Sandbox, make_sandbox
from tests.school import World
from tests.scim.answers import fails

RENAME = {"schemas": [PATCH_OP],
          "Operations": [{"op": "replace", "path": "displayName", "value": "x"}]}  # fmt: skip
BULK = {"schemas": [BULK_REQUEST],
        "Operations": [{"method": "DELETE", "path": "/Users/x"}]}  # fmt: skip
BODIES: dict[str, Any] = {
    "/Users": {"schemas": [USER], "userName": "anna"},
    "/Groups": {"schemas": [GROUP], "displayName": "7a"},
}


def requests_of(users: str, groups: str) -> list[tuple[str, str, Any]]:
    """Every write of the resources with these ids, and those that need no id."""
    found: list[tuple[str, str, Any]] = [("POST", "/Bulk", BULK)]
    for endpoint, id in (("/Users", users), ("/Groups", groups)):
        found += [
            ("POST", endpoint, BODIES[endpoint]),
            ("PUT", f"{endpoint}/{id}", BODIES[endpoint]),
            ("PATCH", f"{endpoint}/{id}", RENAME),
            ("DELETE", f"{endpoint}/{id}", None),
        ]
    return found


def everything(unit: World | Sandbox) -> Any:
    return unit.get("/", query_string={"count": 1_000}).data


def send(unit: World, method: str, path: str, body: Any, token: str | None = None) -> Any:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    kwargs: dict[str, Any] = {"json": body} if body is not None else {}
    return unit.request(method, path, headers=headers, **kwargs)


def test_every_write_of_a_school_is_refused_with_the_reason(world: World) -> None:
    """Red when ``_REGISTER`` in ``directory/policies`` has no refusal."""
    before = everything(world)
    for method, path, body in requests_of(world.id_of("U-1"), world.id_of("G-1")):
        response = send(world, method, path, body)
        fails(response, 403)
        assert "UONET+" in response.json["detail"], f"{method} {path}"
    assert everything(world) == before


def test_a_school_refuses_in_the_order_401_400_404_403(world: World) -> None:
    """Red when ``Writes._refuse`` raises before it has read the body, or looked for the id."""
    requests = requests_of("none", "none")
    for method, path, body in requests:
        fails(send(world, method, path, body, "no-token"), 401)
        if body is not None:
            for broken in ("{", "[]", "{}", '{"schemas": []}'):
                response = world.request(
                    method, path, data=broken, content_type="application/scim+json"
                )
                assert response.status_code == 400, f"{method} {path} {broken}"
        if path.endswith("none"):
            fails(send(world, method, path, body), 404)
    fails(world.request("POST", "/Users", data="x", content_type="text/plain"), 415)


def test_a_school_tells_in_its_configuration_that_it_cannot_be_written(world: World) -> None:
    config = world.list("/ServiceProviderConfig")
    assert [config[name]["supported"] for name in ("patch", "bulk")] == [False, False]
    for schema in world.list("/Schemas")["Resources"]:
        assert {each["mutability"] for each in schema["attributes"]} == {"readOnly"}


def narrowed(sandbox: Sandbox, scope: str) -> str:
    answer = sandbox.app.test_client().post(
        f"/{sandbox.unit.name}/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": sandbox.credentials.client_id,
            "client_secret": sandbox.credentials.client_secret,
            "scope": scope,
        },
    )
    return str(answer.json["access_token"])  # type: ignore[index]


def test_a_token_to_read_writes_nothing_in_a_sandbox(sandbox: Sandbox) -> None:
    """Red when ``Writes._write`` or ``Writes.bulk`` loses ``check_scope``."""
    user, group = sandbox.user("anna")["id"], sandbox.group("7a")["id"]
    before = everything(sandbox)
    sandbox.token = narrowed(sandbox, "scim.read")
    for method, path, body in requests_of(user, group):
        response = sandbox.request(method, path, body)
        fails(response, 403)
        challenge = response.headers["WWW-Authenticate"]
        assert 'error="insufficient_scope", scope="scim.write"' in challenge, f"{method} {path}"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        fails(sandbox.request(method, "/Me", {}), 403)
    assert everything(sandbox) == before


def test_a_token_to_write_reads_nothing(sandbox: Sandbox) -> None:
    """Red when a read's route is given ``LIVE`` for its scope."""
    sandbox.token = narrowed(sandbox, "scim.write")
    for path in ("/", "/Users", "/Groups/x", "/Schemas", "/Me"):
        fails(sandbox.get(path), 403)
    assert sandbox.post("/Users", BODIES["/Users"]).status_code == 201


@pytest.fixture
def neighbour(sandbox: Sandbox, database_url: str) -> Sandbox:
    return make_sandbox(sandbox.database, database_url, sandbox.clock, name="obok")


def test_what_another_sandbox_has_cannot_be_written(sandbox: Sandbox, neighbour: Sandbox) -> None:
    """Red when ``_find`` in ``directory/changes`` loses ``resource.c.unit_id == UNIT``."""
    user, group = sandbox.user("anna")["id"], sandbox.group("7a")["id"]
    before = everything(sandbox)
    for method, path, body in requests_of(user, group):
        if not path.endswith((user, group)):
            continue
        there, nowhere = (
            neighbour.request(method, path.replace(user, id).replace(group, id), body)
            for id in ("", "no-such-id")
            for id in (id or path.rpartition("/")[2],)
        )
        fails(there, 404)
        assert there.data == nowhere.data
    assert everything(sandbox) == before


def test_a_member_of_another_sandbox_is_an_unknown_id(sandbox: Sandbox, neighbour: Sandbox) -> None:
    """Red when ``_add`` or ``_known`` in ``directory/members`` loses ``unit_id == UNIT``."""
    user = sandbox.user("anna", displayName="Anna")
    group = neighbour.group("7a", user["id"])
    assert group["members"] == [{"value": user["id"]}]
    assert sandbox.read(f"/Users/{user['id']}") == user
    found = neighbour.read("/Groups", filter=f'members.value eq "{user["id"]}"')
    assert found["totalResults"] == 1
    neighbour.delete(f"/Groups/{group['id']}")
    assert sandbox.read(f"/Users/{user['id']}") == user


def test_a_login_taken_in_one_sandbox_is_free_in_another(
    sandbox: Sandbox, neighbour: Sandbox
) -> None:
    """Red when ``_same_user_name`` loses ``unit_id == UNIT``."""
    sandbox.user("anna")
    neighbour.user("anna")
