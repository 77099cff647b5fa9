"""Pages by cursor (RFC 9865): every resource once in either direction, and no other use of one."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest

from tests.school import World
from tests.scim.answers import fails, keys

QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"filter": "id pr"},
    {"sortBy": "userName"},
    {"sortBy": "displayName", "sortOrder": "descending"},
    {"sortBy": "emails", "sortOrder": "ascending"},
    {"sortBy": "emails.value", "sortOrder": "descending"},
    {"sortBy": "phoneNumbers"},
    {"sortBy": "userType", "sortOrder": "descending"},
    {"sortBy": "name.givenName", "filter": 'userType eq "Student"'},
    {"sortBy": "groups.display"},
    {"sortBy": "meta.lastModified", "sortOrder": "descending"},
    {"sortBy": "active"},
)


def forwards(world: World, path: str, counts: random.Random, **query: str) -> list[dict[str, Any]]:
    pages, cursor = [], ""
    while True:
        page = world.list(path, cursor=cursor, count=counts.randint(1, 3), **query)
        assert "startIndex" not in page
        assert page["itemsPerPage"] == len(page["Resources"])
        pages.append(page)
        if "nextCursor" not in page:
            return pages
        cursor = page["nextCursor"]


@pytest.mark.parametrize("path", ["/Users", ""])
def test_every_resource_comes_exactly_once_forwards(world: World, path: str) -> None:
    for number, query in enumerate(QUERIES):
        whole = world.list(path, **query)
        pages = forwards(world, path, random.Random(number), **query)
        assert [key for page in pages for key in keys(page)] == keys(whole), query
        assert {page["totalResults"] for page in pages} == {whole["totalResults"]}
        assert "previousCursor" not in pages[0]
        assert all("previousCursor" in page for page in pages[1:])


@pytest.mark.parametrize("path", ["/Users", ""])
def test_every_resource_comes_exactly_once_backwards(world: World, path: str) -> None:
    for number, query in enumerate(QUERIES):
        chance = random.Random(number)
        last = forwards(world, path, chance, **query)[-1]
        seen, page = keys(last), last
        while "previousCursor" in page:
            cursor = page["previousCursor"]
            page = world.list(path, cursor=cursor, count=chance.randint(1, 3), **query)
            assert page["Resources"], query
            assert "nextCursor" in page
            seen = keys(page) + seen
        assert seen == keys(world.list(path, **query)), query


def test_turning_round_comes_back_to_the_same_page(world: World) -> None:
    for query in QUERIES:
        first = world.list("/Users", cursor="", count=2, **query)
        second = world.list("/Users", cursor=first["nextCursor"], count=2, **query)
        back = world.list("/Users", cursor=second["previousCursor"], count=2, **query)
        again = world.list("/Users", cursor=back["nextCursor"], count=2, **query)
        assert (keys(back), keys(again)) == (keys(first), keys(second)), query


def test_a_cursor_goes_on_where_others_came_and_left(world: World) -> None:
    first = world.list("/Users", cursor="", count=2)
    world.decide("LO 3", False)
    second = world.list("/Users", cursor=first["nextCursor"], count=10)
    assert keys(first) + keys(second) == ["U-1", "U-2", "U-3", "P-1"]
    world.decide("LO 3", True)
    assert keys(world.list("/Users", cursor=first["nextCursor"], count=10))[-1] == "P-2"


def test_a_page_by_cursor_works_by_post_too(world: World) -> None:
    first = world.search("/Users", cursor="", count=4).json
    second = world.search("/Users", cursor=first["nextCursor"], count=4).json  # type: ignore[index]
    assert keys(first) + keys(second) == keys(world.list("/Users"))  # type: ignore[arg-type]


def test_every_altered_byte_of_a_cursor_makes_it_invalid(world: World) -> None:
    """Red when ``Cursors.open`` doesn't authenticate: AES-CTR in place of AES-GCM."""
    cursor = world.list("/Users", cursor="", count=2, sortBy="userName")["nextCursor"]
    query = {"sortBy": "userName", "count": 2}
    sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    altered = [
        sealed[:place] + bytes([sealed[place] ^ bit]) + sealed[place + 1 :]
        for place in range(len(sealed))
        for bit in (1, 128)
    ]
    altered += [sealed[:-1], sealed[1:], sealed + b"\0", b"", sealed[:12], sealed * 2]
    for each in filter(None, altered):
        text = base64.urlsafe_b64encode(each).rstrip(b"=").decode()
        fails(world.get("/Users", query_string={"cursor": text, **query}), 400, "invalidCursor")


def test_a_cursor_has_one_spelling(world: World) -> None:
    """Red when ``Cursors.open`` loses the comparison with what it would have sealed."""
    cursor = world.list("/Users", cursor="", count=2)["nextCursor"]
    for text in (
        cursor + "=", cursor + "==", cursor + " ", " " + cursor, cursor + "\n", cursor + "A",
        cursor[:-1], cursor.swapcase(), cursor + "!", "!", "x", "null", "0", "1", "-1", "ż",
        "A" * 3_000, cursor * 40,
    ):  # fmt: skip
        fails(world.get("/Users", query_string={"cursor": text}), 400, "invalidCursor")


def test_a_cursor_belongs_to_its_query(world: World) -> None:
    """Red when ``_about`` leaves out any part of the query."""
    own = {"filter": 'userName co "sp12"', "sortBy": "userName", "sortOrder": "descending"}
    cursor = world.list("/Users", cursor="", count=2, **own)["nextCursor"]
    assert world.list("/Users", cursor=cursor, count=3, **own)["Resources"]
    others: tuple[dict[str, str], ...] = (
        {}, own | {"filter": 'userName co "sp1"'}, own | {"filter": 'userName sw "sp12"'},
        {**own, "sortBy": "displayName"}, {**own, "sortOrder": "ascending"},
        {"sortBy": "userName", "sortOrder": "descending"}, {"filter": own["filter"]},
    )  # fmt: skip
    for query in others:
        response = world.get("/Users", query_string={"cursor": cursor, **query})
        fails(response, 400, "invalidCursor")
    fails(world.get("", query_string={"cursor": cursor, **own}), 400, "invalidCursor")
    plain = world.list("/Users", cursor="", count=2)["nextCursor"]
    fails(world.get("/Groups", query_string={"cursor": plain}), 400, "invalidCursor")


def test_a_cursor_expires_as_announced(world: World) -> None:
    announced = world.list("/ServiceProviderConfig")["pagination"]
    cursor = world.list("/Users", cursor="", count=2)["nextCursor"]
    world.clock.move(seconds=announced["cursorTimeout"] - 1)
    assert world.list("/Users", cursor=cursor)["Resources"]
    world.clock.move(seconds=1)
    fails(world.get("/Users", query_string={"cursor": cursor}), 400, "expiredCursor")


def test_a_cursor_tells_nothing(world: World) -> None:
    """Red when a place is signed instead of encrypted."""
    query = {"sortBy": "displayName", "count": 1, "cursor": ""}
    listed = world.list("/Users", **query)
    cursor = listed["nextCursor"]
    assert set(cursor) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )  # unreserved characters (RFC 3986 §2.3)
    sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for name in ("Adam", "adam", "Nowak", "nowak", "sp12"):
        assert name.encode() not in sealed
        assert name not in cursor
    again = world.list("/Users", **query)["nextCursor"]
    assert again != cursor
    assert json.dumps(listed).count("startIndex") == 0


def test_a_first_page_that_is_the_last_has_no_cursor(world: World) -> None:
    for path, query in (
        ("/Users", {"count": "7"}), ("/Users", {}), ("/Users", {"filter": 'userName eq "x"'}),
        ("/Groups", {"count": "3"}),
    ):  # fmt: skip
        page = world.list(path, cursor="", **query)
        assert {"nextCursor", "previousCursor"} & set(page) == set()


def test_a_cursor_and_an_index_exclude_one_another(world: World) -> None:
    cursor = world.list("/Users", cursor="", count=2)["nextCursor"]
    for given in ("", cursor):
        query = {"cursor": given, "startIndex": "1"}
        fails(world.get("/Users", query_string=query), 400, "invalidValue")


def test_a_page_by_cursor_of_no_resources_is_refused(world: World) -> None:
    cursor = world.list("/Users", cursor="", count=2)["nextCursor"]
    for count in (0, -1):
        response = world.get("/Users", query_string={"cursor": cursor, "count": count})
        fails(response, 400, "invalidCount")
