"""A client finds its way in from any refusal, and learns nothing of other units."""

from __future__ import annotations

import dataclasses
import re

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from scim_server.app import create_app
from tests.oauth.asking import GRANT, in_body, own
from tests.school import World
from tests.scim.answers import stable

HTTPS = "https://scim.example.pl"
_POINTER = re.compile(r'resource_metadata="([^"]*)"')


def public(world: World) -> World:
    """The same school at an address of the internet."""
    settings = dataclasses.replace(world.settings, public_url=HTTPS)
    app = create_app(settings, clock=world.clock, database=world.database, between_requests=False)
    return dataclasses.replace(world, settings=settings, app=app)


def test_a_refusal_leads_to_a_token(world: World) -> None:
    """RFC 9728 §5.1, §3; RFC 8414 §3. Red when ``_refused`` leaves the pointer out."""
    web = public(world).app.test_client()
    refused = web.get("/sp12/scim/v2/Users")
    found = _POINTER.search(refused.headers["WWW-Authenticate"])
    assert found
    resource = web.get(found[1].removeprefix(HTTPS)).get_json()
    assert resource["resource"] == f"{HTTPS}/sp12/scim/v2"
    (issuer,) = resource["authorization_servers"]
    at = issuer.replace(HTTPS, "/.well-known/oauth-authorization-server")
    server = AuthorizationServerMetadata(web.get(at).get_json())
    server.validate()
    assert server["issuer"] == issuer
    token = web.post(
        server["token_endpoint"].removeprefix(HTTPS), data=GRANT | in_body(*own(world))
    )
    assert token.status_code == 200
    assert set(token.get_json()["scope"].split()) <= set(server["scopes_supported"])


def test_every_refusal_of_a_token_leads_there(world: World) -> None:
    """Red when ``_refused`` leaves the pointer out."""
    web = world.app.test_client()
    refused = web.get("/sp12/scim/v2/Users", headers={"Authorization": "Bearer wrong"})
    challenge = refused.headers["WWW-Authenticate"]
    assert 'error="invalid_token"' in challenge
    assert _POINTER.search(challenge)


def test_metadata_tell_no_unit_from_none(world: World) -> None:
    """Red when ``metadata_door`` asks the database for the unit."""
    web = world.app.test_client()
    for path in (
        "/.well-known/oauth-authorization-server/{}",
        "/.well-known/oauth-protected-resource/{}/scim/v2",
    ):
        known, unknown = (stable(web.get(path.format(name))) for name in ("sp12", "nope"))
        assert str(known).replace("sp12", "nope") == str(unknown)


def test_what_is_no_unit_s_name_goes_into_no_header(world: World) -> None:
    """Red when ``pointer`` or ``_unit`` doesn't look at the name's shape."""
    web = world.app.test_client()
    for name in ("a%22b", "a%0Ab", "A", "%C5%BC", "a" * 41, "a%20b"):
        refused = web.get(f"/{name}/scim/v2/Users")
        assert refused.status_code == 401, name
        assert refused.headers["WWW-Authenticate"] == 'Bearer realm="scim"'
        assert web.get(f"/.well-known/oauth-authorization-server/{name}").status_code == 404
