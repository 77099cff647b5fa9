"""What isn't in the route table can't be reached, and what is in it needs a token."""

from __future__ import annotations

from werkzeug.test import TestResponse

from scim_server.http.routes import LIVE, PUBLIC
from tests.isolation.neighbour import neighbour_of
from tests.school import World
from tests.scim.answers import fails, stable
from tests.security.addresses import METHODS, guarded, route_of, rules


def ask(world: World, method: str, path: str, token: str = "") -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return world.app.test_client().open(path, method=method, headers=headers)


def test_every_address_of_the_application_is_an_entry_of_the_route_table(world: World) -> None:
    """Red when ``create_app`` gets a route past ``open_door``, as with ``@app.get("/x")``."""
    for rule in rules(world):
        assert world.app.view_functions[rule.endpoint].__module__.endswith("http.flask_adapter")
        assert route_of(world, rule).rule == rule.rule
        assert rule.endpoint.partition(" ")[2] == rule.rule


def test_only_the_token_endpoint_and_the_way_to_it_are_public(world: World) -> None:
    """Red when any other route is given ``PUBLIC`` for its scope."""
    public = [rule.rule for rule in rules(world) if route_of(world, rule).scope == PUBLIC]
    assert public == [
        "/<unit>/oauth2/token",
        "/<unit>/oauth2/revoke",
        "/<unit>/oauth2/introspect",
        "/.well-known/oauth-authorization-server/<unit>",
        "/.well-known/oauth-protected-resource/<unit>/scim/v2",
    ]
    needed = {
        (method, route_of(world, rule).scope_of(method))
        for rule in rules(world)
        for method in METHODS
        if rule.rule not in public
    }
    reads, writes = ("GET", "HEAD", "OPTIONS"), ("POST", "PUT", "PATCH", "DELETE")
    assert {scope for method, scope in needed if method in reads} == {"scim.read"}
    assert {scope for method, scope in needed if method in writes} == {"scim.read", LIVE}


def test_no_address_answers_without_a_token(world: World) -> None:
    """Red when ``Hallway._handle`` no longer calls ``_admit``."""
    for path in guarded(world):
        for method in METHODS:
            response = ask(world, method, path)
            assert response.status_code == 401, f"{method} {path}"
            assert response.headers["WWW-Authenticate"].startswith('Bearer realm="scim"')
            assert "error" not in response.headers["WWW-Authenticate"]
            assert response.headers["Content-Type"] == "application/scim+json"
        fails(ask(world, "GET", path), 401)


def test_no_address_answers_to_the_token_of_another_unit(world: World) -> None:
    """Red when ``_admit`` loses ``if grant.unit != call.arguments.get("unit")``."""
    other = neighbour_of(world)
    for path in guarded(world):
        for method in METHODS:
            response = ask(world, method, path, other.token)
            assert response.status_code == 401, f"{method} {path}"
            assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_a_unit_that_exists_looks_like_one_that_does_not(world: World) -> None:
    """Red when the hallway asks whether there is such a unit before it has a token for it."""
    other = neighbour_of(world)
    for token in ("", world.token, world.token[:-1]):
        for path in guarded(other):
            nowhere = path.replace("/lo3/", "/no-such/")
            unknown = str(stable(ask(world, "GET", nowhere, token)))
            # The challenge repeats the name that was asked for, whether there is one or not.
            assert str(stable(ask(world, "GET", path, token))) == unknown.replace("no-such", "lo3")


def test_no_spelling_of_an_address_opens_it(world: World) -> None:
    """Red when ``ScimService.match`` or the routing accepts more than the address itself."""
    other = neighbour_of(world)
    id = world.id_of("U-1")
    spellings = [
        "/sp12/scim/v2/%55sers", "/sp12/scim/v2/Users%2F" + id, "/sp12/scim/v2/Users/%2e",
        "//sp12/scim/v2/Users", "/sp12//scim/v2/Users", "/sp12/scim/v2//Users",
        "/sp12/scim/v2/./Users", "/sp12/scim/v2/x/../Users", "/lo3/../sp12/scim/v2/Users",
        "/lo3/scim/v2/../../../sp12/scim/v2/Users", "/lo3%2f..%2fsp12/scim/v2/Users",
        "/sp12/scim/v2/Users/", "/sp12/scim/v2/Users;x=1", "/sp12/scim/v2/Users%00",
        "/sp12%00/scim/v2/Users", "/sp12/scim/v2/Users%0a", "/sp12/scim/v2/users",
        "/SP12/scim/v2/Users", "/sp12/SCIM/v2/Users", "/sp12/scim/v2/Users%20",
        "/sp12/scim/v2/Users.json", "/sp12/scim/v2/Users/../Users/" + id, "/sp12 /scim/v2/Users",
        "/sp12/scim/v1/Users", "/scim/v2/Users", "/", "/sp12", "/sp12/", "/sp12/scim",
        "/\uff53p12/scim/v2/Users", "/sp12/scim/v2/User\u0073\u0301", "/sp12/scim/v2/Me",
        "/sp12/scim/v2/Users/" + id.upper() + "/", "/sp12/ims/oneroster/v1p1/users", "/admin",
        "/sp12/oauth2/token/", "/sp12/oauth2", "/static/x", "/favicon.ico", "/.well-known/x",
    ]  # fmt: skip
    for path in spellings:
        for method in METHODS:
            assert ask(world, method, path).status_code in (401, 404), f"{method} {path}"
            foreign = ask(world, method, path, other.token)
            assert foreign.status_code in (401, 404), f"{method} {path}"
            assert b"Resources" not in foreign.data


def test_an_address_outside_every_unit_is_told_in_a_scim_error(world: World) -> None:
    for path in ("/", "/favicon.ico", "/sp12", "/sp12/scim", "/sp12//scim/v2/Users"):
        fails(ask(world, "GET", path), 404)
