"""A token is the whole token, in its one place, while everything behind it lives."""

from __future__ import annotations

from sqlalchemy import update

from scim_server.oauth import credentials
from scim_server.oauth.credentials import live_secrets
from scim_server.oauth.secrets import new_token
from scim_server.oauth.tables import access_token, client
from tests.school import SCHOOLS, World
from tests.scim.answers import fails


def status(world: World, authorization: str | None) -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    path = f"/{world.unit.name}/scim/v2/Users?count=1"
    return world.app.test_client().get(path, headers=headers).status_code


def secret_of(world: World) -> str:
    with world.database.read() as connection:
        return live_secrets(connection, world.unit.id, world.clock())[0].id


def test_every_prefix_and_suffix_of_a_token_is_refused(world: World) -> None:
    """Red when ``Tokens.check`` compares with ``LIKE``, or cuts or strips what it is given."""
    token = world.token
    assert status(world, f"Bearer {token}") == 200
    for place in range(1, len(token)):
        assert status(world, f"Bearer {token[:place]}") == 401
        assert status(world, f"Bearer {token[place:]}") == 401
    for longer in (f"{token}a", f"a{token}", f"{token}=", f"{token},{token}", f"{token} {token}"):
        assert status(world, f"Bearer {longer}") == 401


def test_every_altered_character_of_a_token_is_refused(world: World) -> None:
    """Red when ``is_token`` and the digest are compared without case, or in part."""
    token = world.token
    for place, character in enumerate(token):
        for other in {character.swapcase(), "0" if character != "0" else "1"} - {character}:
            assert status(world, f"Bearer {token[:place]}{other}{token[place + 1 :]}") == 401


def test_a_well_formed_token_that_nobody_issued_is_refused(world: World) -> None:
    """Red when ``Tokens.check`` trusts the checksum alone."""
    for _ in range(20):
        assert status(world, f"Bearer {new_token()}") == 401


def test_a_token_counts_in_its_header_and_as_bearer_only(world: World) -> None:
    """Red when ``_admit`` reads a token from anywhere but ``Authorization: Bearer``."""
    token = world.token
    for scheme in ("bearer", "BEARER", "Bearer "):
        assert status(world, f"{scheme} {token}") == 200
    for header in (
        None, "", " ", "Bearer", "Bearer ", token, f"Basic {token}", f"Token {token}",
        f"Bearer:{token}", f"Bearer\t{token}", f'Bearer "{token}"', f"Bearer token={token}",
        f"Digest Bearer {token}", f"Bearer, {token}",
    ):  # fmt: skip
        assert status(world, header) == 401, header
    client_ = world.app.test_client()
    path = "/sp12/scim/v2/Users"
    assert client_.get(f"{path}?access_token={token}").status_code == 401
    assert client_.get(f"{path}?token={token}").status_code == 401
    assert client_.post(f"{path}/.search", data={"access_token": token}).status_code == 401
    client_.set_cookie("access_token", token)
    assert client_.get(path).status_code == 401


def test_the_secret_is_no_token(world: World) -> None:
    """Red when client secrets and tokens share a table or a check."""
    assert status(world, f"Bearer {world.credentials.client_secret}") == 401


def test_a_token_ends_when_its_hour_does(world: World) -> None:
    """Red when ``check`` loses ``expires <= self._now()``."""
    world.clock.move(seconds=3_599)
    assert world.get("/Users").status_code == 200
    world.clock.move(seconds=1)
    fails(world.get("/Users"), 401)


def test_revoking_a_secret_ends_its_tokens_at_the_next_request(world: World) -> None:
    """Red when ``check`` remembers a grant, or loses ``revoked is not None``."""
    assert world.get("/Users").status_code == 200
    with world.database.write() as connection:
        credentials.revoke(
            connection, world.unit, secret_of(world), now=world.clock(), actor="os:test",
            force=True,
        )  # fmt: skip
    detail = fails(world.get("/Users"), 401)
    assert "revoked" in detail
    assert world.ask_token().status_code == 401


def test_revoking_one_secret_leaves_the_tokens_of_the_other(world: World) -> None:
    """Red when revocation goes by client instead of by secret."""
    first = secret_of(world)
    with world.database.write() as connection:
        world.credentials = credentials.issue(
            connection, world.unit, key=world.settings.key("digest"),
            public_url=world.settings.public_url, now=world.clock(), actor="os:test",
        )  # fmt: skip
    old, world.token = world.token, world.ask_token().json["access_token"]  # type: ignore[index]
    with world.database.write() as connection:
        credentials.revoke(connection, world.unit, first, now=world.clock(), actor="os:test")
    assert status(world, f"Bearer {old}") == 401
    assert world.get("/Users").status_code == 200


def test_disabling_a_client_ends_its_tokens_at_the_next_request(world: World) -> None:
    """Red when ``check`` loses ``or disabled``."""
    with world.database.write() as connection:
        connection.execute(update(client).values(disabled=True))
    fails(world.get("/Users"), 401)
    refused = world.ask_token()
    assert (refused.status_code, refused.json["error"]) == (401, "invalid_client")  # type: ignore[index]


def test_a_token_without_the_scope_is_forbidden(world: World) -> None:
    """Red when ``_admit`` loses ``if route.scope not in grant.scopes``."""
    for scope in ("", "scim.write", "scim.reader", "scim"):
        with world.database.write_tokens() as connection:
            connection.execute(update(access_token).values(scope=scope))
        response = world.get("/Users")
        fails(response, 403)
        assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]
        assert 'scope="scim.read"' in response.headers["WWW-Authenticate"]


def test_without_consent_nothing_is_served_and_no_token_is_issued(world: World) -> None:
    """Red when ``_admit`` loses ``if not grant.publishes``: the answer would be an empty list."""
    for school in SCHOOLS:
        world.decide(school, False)
    for path in ("", "/Users", "/Groups", f"/Users/{'0' * 8}", "/ServiceProviderConfig", "/Nope"):
        response = world.get(path)
        assert "Synchronizacja z Office 365" in fails(response, 401)
        assert b"Resources" not in response.data
    fails(world.search("/Users"), 401)
    refused = world.ask_token()
    assert refused.status_code == 400
    assert refused.json["error"] == "unauthorized_client"  # type: ignore[index]
    assert "access_token" not in refused.json  # type: ignore[operator]


def test_consent_given_again_revives_the_token_that_still_lives(world: World) -> None:
    for school in SCHOOLS:
        world.decide(school, False)
    world.decide("LO 3", True)
    assert {each["externalId"] for each in world.list("/Users")["Resources"]} == {
        "U-4", "U-5", "P-1", "P-2",
    }  # fmt: skip
