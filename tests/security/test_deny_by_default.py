"""What isn't in the route table can't be reached, and what is in it needs a token."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from scim_server.http.routes import LIVE, PUBLIC
from scim_server.oauth import clients, credentials
from scim_server.oauth.clients import WRITE
from scim_server.oauth.removal import remove
from scim_server.oauth.secrets import new_token, secret_id
from scim_server.oauth.tables import access_token
from tests.isolation.neighbour import neighbour_of
from tests.oauth.asking import in_body, own
from tests.sandbox import BULK_REQUEST, GROUP, PATCH_OP, USER, Sandbox
from tests.school import SCHOOLS, World
from tests.scim.answers import fails, stable
from tests.security.addresses import (
    METHODS,
    ROSTERS,
    UNKNOWN_METHODS,
    Served,
    guarded,
    guarded_routes,
    letter_spellings,
    odd_spellings,
    route_of,
    rules,
)
from tests.wsgi import Caller, Told

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""How an address is spelt is nothing to the database."""

WRITES = ("POST", "PUT", "PATCH", "DELETE")
_RENAME = {"schemas": [PATCH_OP], "Operations": [{"op": "remove", "path": "nickName"}]}
_BODIES = {
    "Users": {"schemas": [USER], "userName": "ola"},
    "Groups": {"schemas": [GROUP], "displayName": "8a"},
    "Me": {"schemas": [USER], "userName": "ola"},
    "Bulk": {"schemas": [BULK_REQUEST], "Operations": [{"method": "DELETE", "path": "/Users/x"}]},
}


def right_body(path: str, method: str) -> bytes:
    """What would be done at ``path`` where it may be."""
    if method not in ("POST", "PUT", "PATCH"):
        return b""
    endpoint = next((name for name in _BODIES if f"/{name}" in path), "Users")
    return json.dumps(_RENAME if method == "PATCH" else _BODIES[endpoint]).encode()


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
            media = "application/json" if ROSTERS in path else "application/scim+json"
            assert response.headers["Content-Type"] == media
        if ROSTERS not in path:
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


class Withdrawal(NamedTuple):
    """How a live token comes to count for nothing."""

    name: str
    happens: Callable[[World], None]


def revoke_token(world: World) -> None:
    form = {**in_body(*own(world)), "token": world.token}
    assert world.app.test_client().post("/sp12/oauth2/revoke", data=form).status_code == 200


def revoke_secret(world: World) -> None:
    secret = secret_id(world.credentials.client_secret)
    assert secret is not None
    with world.database.write() as connection:
        credentials.revoke(
            connection, world.unit, secret, now=world.clock(), actor="os:test", force=True
        )


def disable_client(world: World) -> None:
    with world.database.write() as connection:
        clients.set_disabled(
            connection, world.unit, "main", True, now=world.clock(), actor="os:test"
        )


def remove_client(world: World) -> None:
    with world.database.write() as connection:
        clients.remove(connection, world.unit, "main", now=world.clock(), actor="os:test")


def withdraw_consent(world: World) -> None:
    for school in SCHOOLS:
        world.decide(school, False)


WITHDRAWALS = (
    Withdrawal("expired", lambda world: world.clock.move(hours=1)),
    Withdrawal("revoked", revoke_token),
    Withdrawal("secret revoked", revoke_secret),
    Withdrawal("client disabled", disable_client),
    Withdrawal("client removed", remove_client),
    Withdrawal("consent withdrawn", withdraw_consent),
    Withdrawal("cut short", lambda world: setattr(world, "token", world.token[:-1])),
    Withdrawal("made up", lambda world: setattr(world, "token", new_token())),
)


@pytest.mark.parametrize("withdrawal", WITHDRAWALS, ids=lambda each: each.name)
def test_no_address_answers_to_a_token_that_counts_no_more(
    world: World, withdrawal: Withdrawal
) -> None:
    """Red when ``check`` or ``_admit`` no longer asks for that, or remembers what it was told."""
    paths = list(guarded(world))
    assert world.get("/Users").status_code == 200
    withdrawal.happens(world)
    for path, method in product(paths, METHODS):
        answer = Caller(world.app, world.token)(method, path)
        assert answer.status == 401, f"{method} {path}"
        assert 'error="invalid_token"' in answer.header("WWW-Authenticate")
        assert not holds_anything(answer), f"{method} {path}"


def test_no_address_of_a_sandbox_that_is_gone_answers(sandbox: Sandbox) -> None:
    """Red when ``check`` takes a token for what it says, and not for what its client is."""
    paths = list(guarded(sandbox))
    remove(sandbox.database, sandbox.unit, now=sandbox.clock(), actor="os:test")
    for path, method in product(paths, METHODS):
        answer = Caller(sandbox.app, sandbox.token)(method, path)
        assert answer.status == 401, f"{method} {path}"
        assert not holds_anything(answer)


SCOPES = ("", "scim.read", "scim.write", "scim", "scim.reads", "SCIM.READ scim.Write")


@pytest.mark.parametrize("scope", SCOPES)
def test_no_address_answers_to_a_token_with_too_small_a_scope(sandbox: Sandbox, scope: str) -> None:
    """Red when a route is given a smaller scope than its method needs, or a handler of a
    ``LIVE`` one doesn't ask for any.
    """
    routes = list(guarded_routes(sandbox))
    before = sandbox.read("/", count=100)
    caller = narrowed(sandbox, scope)
    for (route, path), method in product(routes, METHODS):
        needed = route.scope_of(method)
        if (WRITE if needed == LIVE else needed) in scope.split():
            continue
        answer = caller(method, path, body=b"{}" if method in WRITES else b"")
        # What no handler answers at all tells its methods to whoever may come in.
        known = needed != LIVE or method in route.handlers
        assert answer.status == (403 if known else 405), f"{method} {path}"
        if known:
            assert 'error="insufficient_scope"' in answer.header("WWW-Authenticate")
        assert not holds_anything(answer)
    widened = narrowed(sandbox, "scim.read scim.write")
    assert json.loads(widened("GET", f"/{sandbox.unit.name}/scim/v2/?count=100").body) == before


def test_a_school_is_written_with_no_scope_at_all(world: World) -> None:
    """Red when a route or the policy of a register lets ``scim.write`` through."""
    caller = narrowed(world, "scim.read scim.write")
    for (route, path), method in product(list(guarded_routes(world)), WRITES):
        if route.scope_of(method) == LIVE:
            answer = caller(method, path, body=right_body(path, method))
            known = method in route.handlers and not path.endswith("/Me")
            assert answer.status == (403 if known else 501 if path.endswith("/Me") else 405), path
            assert not holds_anything(answer)


def narrowed(served: Served, scope: str) -> Caller:
    """With a token that has the scope, whether its client may have it or not."""
    with served.database.write_tokens() as connection:
        connection.execute(update(access_token).values(scope=scope))
    return Caller(served.app, served.token)


@pytest.mark.parametrize("method", UNKNOWN_METHODS)
def test_no_method_that_is_unknown_opens_an_address(world: World, method: str) -> None:
    """Red when ``_handle`` admits by the method, or ``handler`` takes another for ``GET``."""
    for path in guarded(world):
        for token in ("", world.token):
            answer = Caller(world.app, token)(method, path)
            assert answer.status in (401, 404, 405, 501), f"{method} {path}"
            assert not holds_anything(answer)


@ON_SQLITE
def test_no_header_stands_in_for_an_address_or_a_token(world: World) -> None:
    """Red when something between the server program and the route reads one of these."""
    path, other = "/sp12/scim/v2/Users", neighbour_of(world)
    names = (
        "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Forwarded-URI", "X-Script-Name",
        "X-HTTP-Method-Override", "X-Method-Override", "X-Forwarded-User", "X-Remote-User",
        "Proxy-Authorization", "X-Authorization", "X-Forwarded-For", "Forwarded", "Cookie", "Via",
    )  # fmt: skip
    values = (path, "GET", "sp12", f"Bearer {world.token}", f"access_token={world.token}", "::1")
    starts = ("/", path, "/sp12/oauth2/token", "/.well-known/oauth-authorization-server/sp12")
    for caller, start in product((Caller(world.app), Caller(world.app, other.token)), starts):
        plain = caller("GET", start)
        for name, value in product(names, values):
            assert caller("GET", start, headers={name: value}) == plain, f"{name}: {value}"


@ON_SQLITE
def test_no_spelling_of_an_address_opens_it(world: World) -> None:
    """Red when the routing, ``ScimService.match`` or the hallway goes by how an address was
    spelt: as where ``_admit`` is passed over for a ``RAW_URI`` that isn't below a unit.
    """
    other = neighbour_of(world)
    nobody, stranger = Caller(world.app), Caller(world.app, other.token)
    for path in guarded(world):
        for spelling, methods in spellings(path):
            for method in methods:
                for caller in (nobody, stranger):
                    answer = caller(method, spelling)
                    assert answer.status in (400, 401, 404), f"{method} {spelling}"
                    assert not holds_anything(answer), f"{method} {spelling}"


@ON_SQLITE
def test_a_spelling_is_the_address_or_nothing(world: World) -> None:
    """With a right token: what another spelling is answered, the address itself would be.

    Red when the short way and the routing take different texts for an address.
    """
    caller = Caller(world.app, world.token)
    for path in guarded(world):
        bodies = {method: right_body(path, method) for method in METHODS}
        plain = {method: caller(method, path, body=bodies[method]) for method in METHODS}
        for spelling, methods in spellings(path):
            for method in methods:
                answer = caller(method, spelling, body=bodies[method])
                is_nothing = answer.status in (400, 401, 404, 405) and not holds_anything(answer)
                assert is_nothing or answer == plain[method], f"{method} {spelling}"


@ON_SQLITE
def test_no_spelling_lets_a_reader_write(sandbox: Sandbox) -> None:
    """Red when the scope that is asked for depends on the text of an address."""
    routes = list(guarded_routes(sandbox))
    before = sandbox.read("/", count=100)
    caller = narrowed(sandbox, "scim.read")
    for route, path in routes:
        for spelling, methods in spellings(path):
            for method in set(methods) & set(WRITES):
                if route.scope_of(method) == LIVE:
                    answer = caller(method, spelling, body=right_body(path, method))
                    assert answer.status in (400, 401, 403, 404, 405), f"{method} {spelling}"
                    assert not holds_anything(answer)
    assert sandbox.read("/", count=100) == before


def spellings(path: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every spelling, each with methods to ask it with: one that reads, and some that write."""
    for each in letter_spellings(path):
        yield each, ("GET", "DELETE")
    for each in odd_spellings(path):
        yield each, ("GET", "POST", "PATCH")


def holds_anything(answer: Told) -> bool:
    """Whether the answer holds a resource, a list of them or a document of the unit."""
    told = (b"Resources", b"userName", b"displayName", b"@sp12", b'"sourcedId"')
    return answer.status < 400 or any(each in answer.body for each in told)


def test_an_address_outside_every_unit_is_told_in_a_scim_error(world: World) -> None:
    for path in ("/", "/favicon.ico", "/sp12", "/sp12/scim", "/sp12//scim/v2/Users"):
        fails(ask(world, "GET", path), 404)
