"""Several clients of one unit: each with its own scopes, secrets and end."""

from __future__ import annotations

from typing import Any

import pytest

from scim_server.audit import entries
from scim_server.errors import BadInput, Refused
from scim_server.oauth import clients, credentials
from scim_server.oauth.credentials import Credentials
from scim_server.oauth.secrets import secret_id
from tests.oauth.asking import GRANT, ask, error, in_body, own
from tests.sandbox import Sandbox
from tests.school import World


@pytest.fixture
def second(world: World) -> Credentials:
    """Of the client ``sds``, beside the unit's first."""
    with world.database.write() as connection:
        clients.add(connection, world.unit, "sds", now=world.clock(), actor="os:test")
    return issue(world, client_name="sds")


def issue(world: World, **terms: Any) -> Credentials:
    with world.database.write() as connection:
        return credentials.issue(
            connection, world.unit, key=world.settings.key("digest"),
            public_url=world.settings.public_url, now=world.clock(), actor="os:test", **terms,
        )  # fmt: skip


def token(world: World, made: Credentials) -> str:
    answer = ask(world, GRANT | in_body(made.client_id, made.client_secret))
    assert answer.status_code == 200
    return str(answer.get_json()["access_token"])


def status(world: World, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return world.app.test_client().get("/sp12/scim/v2/Users", headers=headers).status_code


def test_a_secret_is_its_own_client_s_alone(world: World, second: Credentials) -> None:
    """Red when ``_rows`` joins secrets by unit."""
    assert second.client_id != world.credentials.client_id
    assert status(world, token(world, second)) == 200
    mixed = GRANT | in_body(second.client_id, world.credentials.client_secret)
    error(ask(world, mixed), 401, "invalid_client")


def test_disabling_a_client_refuses_it_and_no_other(world: World, second: Credentials) -> None:
    """Red when ``set_disabled`` names the unit's clients and not the one."""
    live = token(world, second)
    with world.database.write() as connection:
        clients.set_disabled(
            connection, world.unit, "sds", True, now=world.clock(), actor="os:test"
        )
    assert status(world, live) == 401
    form = GRANT | in_body(second.client_id, second.client_secret)
    error(ask(world, form), 401, "invalid_client")
    assert world.get("/Users").status_code == 200
    with world.database.write() as connection:
        clients.set_disabled(
            connection, world.unit, "sds", False, now=world.clock(), actor="os:test"
        )
    assert status(world, live) == 200
    assert ask(world, form).status_code == 200


def test_removing_a_client_refuses_its_tokens_and_no_other(
    world: World, second: Credentials
) -> None:
    live = token(world, second)
    with world.database.write() as connection:
        clients.remove(connection, world.unit, "sds", now=world.clock(), actor="os:test")
    assert status(world, live) == 401
    error(
        ask(world, GRANT | in_body(second.client_id, second.client_secret)), 401, "invalid_client"
    )
    assert world.get("/Users").status_code == 200
    assert ask(world, GRANT | in_body(*own(world))).status_code == 200
    with world.database.read() as connection:
        removed = entries(connection, unit="sp12", action="client.removed")
    assert [each["facts"]["client"] for each in removed] == [second.client_id]


def test_two_live_secrets_and_the_last_one_are_counted_for_each_client(
    world: World, second: Credentials
) -> None:
    """Red when ``_live`` counts the whole unit."""
    issue(world, client_name="sds")
    issue(world, client_name="main")
    with pytest.raises(Refused, match="two live secrets"):
        issue(world, client_name="sds")
    last = secret_id(second.client_secret)
    assert last is not None
    for each in secrets_of_client(world, second.client_id):
        if each != last:
            revoke(world, each)
    with pytest.raises(Refused, match="last live secret"):
        revoke(world, last)


def secrets_of_client(world: World, client_id: str) -> list[str]:
    with world.database.read() as connection:
        found = credentials.live_secrets(connection, world.unit.id, world.clock())
    return [each.id for each in found if each.client_id == client_id]


def revoke(world: World, secret: str) -> None:
    with world.database.write() as connection:
        credentials.revoke(connection, world.unit, secret, now=world.clock(), actor="os:test")


def test_a_client_has_to_be_named_where_there_are_several(
    world: World, second: Credentials
) -> None:
    with pytest.raises(BadInput, match="Name one: main, sds"):
        issue(world)
    with pytest.raises(BadInput, match="no such client"):
        issue(world, client_name="other")


@pytest.mark.parametrize("name", ["", "Entra", "a_b", "-a", "a" * 41])
def test_a_client_s_name_has_a_shape(world: World, name: str) -> None:
    with pytest.raises(BadInput, match="1 to 40"), world.database.write() as connection:
        clients.add(connection, world.unit, name, now=world.clock(), actor="os:test")


def test_a_name_is_taken_once(world: World) -> None:
    with pytest.raises(BadInput, match="already"), world.database.write() as connection:
        clients.add(connection, world.unit, "main", now=world.clock(), actor="os:test")


def test_a_school_s_client_can_t_be_given_the_scope_to_write(world: World) -> None:
    """Red when ``add`` doesn't ask ``SCOPES``."""
    with pytest.raises(BadInput, match=r"scim\.write"), world.database.write() as connection:
        clients.add(
            connection, world.unit, "tester", scopes=["scim.read", "scim.write"],
            now=world.clock(), actor="os:test",
        )  # fmt: skip


def test_a_client_that_may_only_read_writes_nothing(sandbox: Sandbox) -> None:
    """Red when ``_add`` stores all that the unit's kind allows."""
    with sandbox.database.write() as connection:
        reader = clients.add(
            connection, sandbox.unit, "reader", scopes=["scim.read"], now=sandbox.clock(),
            actor="os:test",
        )  # fmt: skip
        made = credentials.issue(
            connection, sandbox.unit, key=sandbox.settings.key("digest"),
            public_url=sandbox.settings.public_url, now=sandbox.clock(), actor="os:test",
            client_name=reader.name,
        )  # fmt: skip
    web = sandbox.app.test_client()
    name = sandbox.unit.name
    form = GRANT | in_body(made.client_id, made.client_secret)
    answer = web.post(f"/{name}/oauth2/token", data=form)
    assert answer.get_json()["scope"] == "scim.read"
    headers = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ola"}
    users = f"/{name}/scim/v2/Users"
    refused = web.post(users, json=body, headers=headers)
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    assert web.get(users, headers=headers).get_json()["totalResults"] == 0
    wider = web.post(f"/{name}/oauth2/token", data=form | {"scope": "scim.write"})
    assert wider.get_json()["error"] == "invalid_scope"
