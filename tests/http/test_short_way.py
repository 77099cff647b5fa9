"""The hottest addresses are answered before Flask, and exactly as Flask would answer them."""

from __future__ import annotations

import io
import itertools
import json
from typing import Any

from werkzeug.test import Client
from werkzeug.wrappers import Response

from scim_server.http.flask_adapter import ShortWay
from tests.isolation.neighbour import neighbour_of
from tests.sandbox import PATCH_OP, USER, Sandbox
from tests.school import World


def everything(response: Any) -> tuple[str, list[tuple[str, str]], bytes]:
    """All of an answer but the request id, which tells one request from another."""
    headers = sorted(each for each in response.headers if each[0] != "X-Request-Id")
    assert len(response.headers.getlist("X-Request-Id")) <= 1
    return response.status, headers, response.data


def ways(world: World) -> list[Client]:
    """With and without the short way."""
    short = world.app.wsgi_app
    assert isinstance(short, ShortWay)
    return [Client(app, Response) for app in (short, short._wsgi_app)]


def test_both_ways_answer_alike_to_the_byte(world: World) -> None:
    """Red when ``ShortWay`` writes, adds or leaves out anything of its own."""
    other = neighbour_of(world)
    user, group = world.id_of("U-1"), world.id_of("G-1")
    first = world.list("/Users", cursor="", count=7)
    assert "nextCursor" not in first  # a cursor is random, so none may stand in an answer
    paths = [
        "/Users", "/Groups", f"/Users/{user}", f"/Groups/{group}", f"/Users/{group}",
        f"/Users/{other.id_of('U-1')}", "/Users/none", "/Users/", "/users", "/Users/a/b",
        "/Users/.search", "/Users/a.b", f"/Users/{user.upper()}", "/Users/%C5%BC", "/Users/%00",
        f"/Users/{user}%0A", "/Users%0A", f"/Users/{'a' * 64}", f"/Users/{'a' * 65}", "", "/",
        "/Schemas", "/Nope", "//Users", "/Users//",
    ]  # fmt: skip
    queries = [
        "", "count=0", "count=2&startIndex=3", "count=x", "filter=id%20pr", "filter=nope%20pr",
        "filter=userName%20eq%20%22jan.zolc@sp12.example.pl%22", "filter=%ff", "cursor=&count=7",
        "cursor=x", "sortBy=userName&sortOrder=descending", "attributes=userName,groups.value",
        "excludedAttributes=members,groups", "attributes=id&excludedAttributes=id",
        "aadOptscim062020", "count=1&count=2", "x" * 20_000,
    ]  # fmt: skip
    bearer = {"Authorization": f"Bearer {world.token}"}
    headers: list[dict[str, str]] = [
        bearer,
        {},
        {"Authorization": f"Bearer {other.token}"},
        {"Authorization": "Basic eDp4"},
        bearer | {"Accept": "text/html"},
        bearer | {"Accept": "application/json"},
        bearer | {"If-None-Match": '"x", "y"'},
        bearer | {"Content-Length": "x"},
    ]
    too_long = {"wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "99999999999"}
    corpus = [
        *(("GET", path, "", each) for path in paths for each in headers),
        *(("GET", path, query, bearer) for path in paths[:5] for query in queries),
        *(("HEAD", path, "", bearer) for path in paths),
        *((m, path, "", bearer) for m in ("POST", "PUT", "OPTIONS") for path in paths[:5]),
    ]
    units = itertools.cycle(["sp12"] * 9 + ["lo3", "SP12", "no-such", "a" * 41, "sp%3112"])
    met = set()
    one, two = (
        way.get("/sp12/scim/v2/Users", headers=bearer, environ_overrides=too_long)
        for way in ways(world)
    )
    assert one.status_code == 413
    assert everything(one) == everything(two)
    for (method, path, query, sent), unit in zip(corpus, units, strict=False):
        one, two = (
            way.open(f"/{unit}/scim/v2{path}", method=method, query_string=query, headers=sent)
            for way in ways(world)
        )
        assert everything(one) == everything(two), f"{method} {unit} {path} {query} {sent}"
        met.add(one.status_code)
    assert met >= {200, 400, 401, 404, 405, 406, 414}


def test_both_ways_answer_a_known_version_alike(world: World) -> None:
    """RFC 9110 §8.6: a 304 names no other length than that of the 200 that it stands for."""
    path = f"/sp12/scim/v2/Users/{world.id_of('U-1')}"
    headers = {"Authorization": f"Bearer {world.token}", "If-None-Match": "*"}
    one, two = (way.get(path, headers=headers) for way in ways(world))
    assert (one.status_code, two.status_code) == (304, 304)
    assert "Content-Length" not in one.headers
    assert everything(one) == everything(two)


def test_both_ways_write_alike(sandbox: Sandbox) -> None:
    """Ids are random, so every answer is compared without them."""
    bearer = {"Authorization": f"Bearer {sandbox.token}", "Content-Type": "application/scim+json"}
    met: set[int] = set()

    def asked(way: Client, name: str) -> list[tuple[str, Any, bytes]]:
        def ask(method: str, path: str, body: Any = None, **headers: str) -> Response:
            return way.open(
                f"/sandbox/scim/v2{path}", method=method, headers=bearer | headers,
                data=None if body is None else json.dumps(body),
            )  # fmt: skip

        user = {"schemas": [USER], "userName": name}
        made = ask("POST", "/Users", user)
        place = f"/Users/{json.loads(made.data)['id']}"
        patch = {"schemas": [PATCH_OP],
                 "Operations": [{"op": "replace", "path": "title", "value": "x"}]}  # fmt: skip
        answers = [
            made,
            ask("POST", "/Users", user),
            ask("POST", "/Users", {}),
            ask("POST", "/Users", user, **{"Content-Type": "text/plain"}),
            ask("PUT", place, user),
            ask("PATCH", place, patch),
            ask("PATCH", place, patch, **{"If-Match": 'W/"7"'}),
            ask("PATCH", "/Users", patch),
            ask("DELETE", place),
            ask("DELETE", place),
        ]
        met.update(each.status_code for each in answers)
        id = place.rpartition("/")[2]
        return [
            (status, [(name, value.replace(id, "ID")) for name, value in headers],
             body.replace(id.encode(), b"ID"))
            for status, headers, body in map(everything, answers)
        ]  # fmt: skip

    short = sandbox.app.wsgi_app
    assert isinstance(short, ShortWay)
    one, two = (asked(Client(way, Response), "anna") for way in (short, short._wsgi_app))
    assert one == two
    assert met == {200, 201, 204, 400, 404, 405, 409, 412, 415}


def test_the_short_way_is_taken_by_what_it_is_for(world: World) -> None:
    short = world.app.wsgi_app
    assert isinstance(short, ShortWay)
    short._wsgi_app = None  # type: ignore[assignment]
    user = world.list("/Users")["Resources"][0]["id"]
    for path in ("/Users", "/Groups", f"/Users/{user}", "/Users?count=1", "/Groups/none"):
        assert world.get(path).status_code in (200, 404)
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert world.request(method, path, json={}).status_code in (400, 403, 404, 405)
