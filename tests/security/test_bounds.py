"""A request that asks for too much is refused before any work is spent on it.

Work is counted, not timed: the parser of filters and the database are watched, and must not be
reached.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from scim2_models import ScimFilter
from werkzeug.test import TestResponse

from scim_server.database.reading import Reader
from scim_server.directory import filters
from scim_server.directory.models import contract
from scim_server.errors import InvalidFilter, InvalidSyntax
from scim_server.http import strict_json
from scim_server.scim.filter_text import take_apart
from tests.sandbox import USER, Sandbox
from tests.school import World
from tests.scim.answers import fails


class Work:
    """How often the parser, the compiler of filters and the directory were reached."""

    parsed = 0
    compared = 0
    read = 0


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    """Parsing, compiled comparisons and reads of resources are counted meanwhile."""
    work = Work()
    compare, run = filters._Compiler._compare, Reader._run

    class Parser:
        def __class_getitem__(cls, model: Any) -> Any:
            def parse(text: str) -> Any:
                work.parsed += 1
                return ScimFilter.__class_getitem__(model)(text)

            return parse

    def compared(self: Any, node: Any, value: Any) -> Any:
        work.compared += 1
        return compare(self, node, value)

    def reading(self: Any, prepared: Any, parameters: Any) -> Any:
        work.read += "FROM resource" in prepared.text
        return run(self, prepared, parameters)

    with monkeypatch.context() as patched:
        patched.setattr(filters, "ScimFilter", Parser)
        patched.setattr(filters._Compiler, "_compare", compared)
        patched.setattr(Reader, "_run", reading)
        yield work


def post_filter(world: World, text: str) -> TestResponse:
    return world.search("/Users", filter=text)


# Each far over one bound, and none short enough to be parsed.
TOO_MUCH = {
    "brackets": "(" * 100_000,
    "pairs": "(" * 50_000 + "id pr" + ")" * 50_000,
    "square": "emails[" * 20_000,
    "not": "not (" * 10_000 + "id pr" + ")" * 10_000,
    "or": " or ".join(['userName eq "x"'] * 1_001),
    "present": " or ".join(["userName pr"] * 2_001),
    "and": " and ".join(["active eq true"] * 1_001),
    "name": "a" * 100_000 + " pr",
    "dots": "a" + ".a" * 50_000 + " pr",
    "text": 'userName eq "' + "x" * 100_000 + '"',
    "escapes": 'userName eq "' + "\\u0061" * 10_000 + '"',
    "backslashes": 'userName eq "' + "\\" * 50_001,
    "quotes": '"' * 100_001,
    "spaces": "userName" + " " * 100_000 + "pr",
    "operators": "eq " * 30_000,
    "urn": "urn:" * 30_000,
}
# Short enough in bytes, too deep or with too many values.
TOO_DEEP = {
    "brackets": "(" * 4_000,
    "pairs": "(" * 11 + "id pr" + ")" * 11,
    "mixed": "(" * 10 + "emails[type pr]" + ")" * 10,
    "not": "not (" * 11 + "id pr" + ")" * 11,
    "values": " or ".join(['id eq "x"'] * 33),
    "bare": " or ".join(["id eq x"] * 33),
    "quotes": '"" ' * 33,
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_a_hostile_filter_never_reaches_the_parser(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Red when ``take_apart`` checks its bounds after ``compile_filter``."""
    text = TOO_MUCH[name]
    with watched(monkeypatch) as work:
        fails(post_filter(world, text), 400, "invalidFilter")
        response = world.get("/Users", query_string={"filter": text})
        assert response.status_code == 414
        fails(response, 414)
        assert (work.parsed, work.compared, work.read) == (0, 0, 0)


@pytest.mark.parametrize("name", TOO_DEEP)
def test_a_filter_over_a_bound_never_reaches_the_parser(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Red when ``_check_nesting`` or the count of literals comes after ``compile_filter``."""
    with watched(monkeypatch) as work:
        for path in ("/Users", ""):
            query = {"filter": TOO_DEEP[name]}
            fails(world.get(path, query_string=query), 400, "invalidFilter")
        fails(post_filter(world, TOO_DEEP[name]), 400, "invalidFilter")
        assert (work.parsed, work.compared, work.read) == (0, 0, 0)


def test_terms_without_a_value_are_counted_before_they_are_compiled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``compile_filter`` visits a tree whose terms nobody has counted."""
    for one in ("id pr", "active eq true", "emails eq null", "emails[type pr]"):
        text = " or ".join([one] * 33)
        assert len(text) < world.settings.max_filter_bytes
        with watched(monkeypatch) as work:
            fails(post_filter(world, text), 400, "invalidFilter")
            assert (work.parsed, work.compared, work.read) == (0, 0, 0)


def test_a_filter_at_every_bound_is_answered(world: World) -> None:
    terms = world.settings.max_filter_terms
    depth = world.settings.max_filter_depth
    for text in (
        " or ".join(['userName eq "x"'] * terms),
        " or ".join(["userName pr"] * terms),
        "not (" * (depth - 1) + "id pr" + ")" * (depth - 1),
        "(" * depth + "id pr" + ")" * depth,
        'userName eq "' + "x" * (world.settings.max_filter_bytes - 14) + '"',
        'userName eq "' + "ż" * (world.settings.max_filter_bytes // 2 - 7) + '"',
    ):
        assert post_filter(world, text).status_code == 200
        assert world.get("/Users", query_string={"filter": text}).status_code in (200, 414)


def test_the_length_of_a_filter_is_counted_in_bytes(world: World) -> None:
    """Red when ``take_apart`` compares ``len(text)`` alone."""
    text = 'userName eq "' + "ż" * (world.settings.max_filter_bytes // 2) + '"'
    assert "bytes" in fails(post_filter(world, text), 400, "invalidFilter")


def test_too_many_attributes_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red when ``check_projection`` no longer counts."""
    most = world.settings.max_attributes
    path = f"/Users/{world.id_of('U-1')}"
    for parameter in ("attributes", "excludedAttributes"):
        full = ["userName"] * most
        assert world.get(path, query_string={parameter: ",".join(full)}).status_code == 200
        with watched(monkeypatch) as work:
            for where in ("", "/Users", path):
                query = {parameter: ",".join([*full, "name"])}
                fails(world.get(where, query_string=query), 400, "invalidValue")
            fails(world.search("", **{parameter: [*full, "name"]}), 400, "invalidValue")
            fails(world.search("", **{parameter: ["x"] * 50_000}), 400, "invalidValue")
            assert work.read == 0


def test_a_query_string_over_the_limit_is_refused_and_one_at_it_taken(world: World) -> None:
    """Red when ``Hallway._handle`` loses ``check_query``."""
    limit = world.settings.max_query_bytes
    user = f"/Users/{world.id_of('U-1')}"
    for path in ("", "/Users", user, "/Schemas", "/Nope", "/Users/.search"):
        for size, expected in ((limit, False), (limit + 1, True)):
            response = world.get(f"{path}?{'x' * size}")
            assert (response.status_code == 414) is expected
    fails(world.get(f"/Users?{'x=1&' * 4_096}x"), 414)
    fails(world.get(f"/Users?{'x=1&' * 65}"), 400, "invalidSyntax")


def test_a_query_string_that_is_not_utf8_is_refused(world: World) -> None:
    for query in ("filter=%ff", "filter=%c5", "count=%ed%a0%80"):
        fails(world.get(f"/Users?{query}"), 400, "invalidSyntax")


def test_a_body_over_the_limit_is_refused_wherever_it_is_sent(world: World) -> None:
    """Red when ``read_body`` is called by some handlers only."""
    body = b" " * (world.settings.max_body_bytes + 1)
    media = {"data": body, "content_type": "application/scim+json"}
    for method, path in (("POST", "/.search"), ("POST", "/Users/.search"), ("GET", "/Users")):
        fails(world.request(method, path, **media), 413)
    response = world.app.test_client().post(
        "/sp12/oauth2/token", data=body, content_type="application/x-www-form-urlencoded"
    )
    assert (response.status_code, response.json["error"]) == (413, "invalid_request")  # type: ignore[index]


def test_a_body_is_not_read_for_a_stranger(world: World) -> None:
    """Red when ``_handle`` reads the body before it admits."""

    class Unread:
        def read(self, _size: int = -1) -> bytes:
            raise AssertionError

    response = world.app.test_client().post(
        "/sp12/scim/v2/Users/.search",
        environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": "10"},
    )
    fails(response, 401)


def test_json_nested_too_deeply_never_reaches_the_parser(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``strict_json.loads`` parses before ``_check_depth``."""

    def parse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError

    for text in ("[" * 100_000, '{"a":' * 100_000, "[" * 21, '[{"a":' * 11, "[{" * 300_000):
        with monkeypatch.context() as patched:
            patched.setattr(json, "loads", parse)
            response = world.request(
                "POST", "/Users/.search", data=text, content_type="application/scim+json"
            )
        fails(response, 400, "invalidSyntax")


def test_an_unfinished_text_in_a_filter_is_scanned_once() -> None:
    """Red when ``_STRING`` in ``scim/filter_text`` demands a closing quotation mark."""
    types = tuple(contract("register").types.values())
    bounds = {"longest": 1 << 20, "deepest": 10, "terms": 32}
    text = '"' + '\\"' * 8_000
    started = time.process_time()
    with pytest.raises(InvalidFilter):
        take_apart(text, types, **bounds)
    assert time.process_time() - started < 0.25  # once: under 5 ms; from every mark: over a second


@pytest.mark.parametrize("end", ["", "\\", "\\\\"])
def test_an_unfinished_text_in_a_body_is_scanned_once(end: str) -> None:
    """Red when ``_STRINGS`` in ``http/strict_json`` demands a closing quotation mark."""
    text = '"' + '\\"' * 8_000 + end
    started = time.process_time()
    with pytest.raises(InvalidSyntax):
        strict_json.loads(text.encode(), max_depth=20)
    assert time.process_time() - started < 0.25


def test_a_database_is_not_asked_for_what_a_filter_gets_wrong(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched(monkeypatch) as work:
        for text in ("title pr", 'userName gg "x"', "active gt true", 'meta.created gt "x"'):
            fails(world.get("/Users", query_string={"filter": text}), 400, "invalidFilter")
        assert work.read == 0


def test_a_patch_of_too_many_operations_is_refused_whole(sandbox: Sandbox) -> None:
    """Red when ``check_patch`` doesn't count the operations."""
    user = sandbox.user("anna")
    many = [{"op": "replace", "path": "title", "value": str(number)} for number in range(1_001)]
    fails(sandbox.patch(f"/Users/{user['id']}", *many), 400, "tooMany")
    assert sandbox.read(f"/Users/{user['id']}") == user
    assert sandbox.patch(f"/Users/{user['id']}", *many[1:]).json["title"] == "1000"  # type: ignore[index]


def test_an_id_that_no_resource_can_have_is_unknown_to_writes_too(sandbox: Sandbox) -> None:
    """Red when ``Change.find`` asks the database for any id: PostgreSQL refuses a NUL."""
    user = {"schemas": [USER], "userName": "anna"}
    title = {"op": "add", "path": "title", "value": "x"}
    for id in ("%00", "x%00y", "%FF", "a" * 5_000, "%C5%BC", "a%2Fb", "%0A", "'"):
        fails(sandbox.put(f"/Users/{id}", user), 404)
        fails(sandbox.patch(f"/Users/{id}", title), 404)
        fails(sandbox.delete(f"/Users/{id}"), 404)
    for path in ("/Users/\x7f", "/Users/" + "b" * 9_000):
        told = sandbox.bulk({"method": "DELETE", "path": path}).json
        assert told["Operations"][0]["status"] == "404"  # type: ignore[index]
