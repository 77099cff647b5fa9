"""RFC 9865: pages by cursor, beside pages by index."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import update

from scim_server.oauth.tables import access_token
from tests.sandbox import Sandbox
from tests.school import World
from tests.scim.answers import fails

NAMES = ["ala", "jan", "ola", "zosia", "Żaneta"]


@pytest.fixture
def school(sandbox: Sandbox) -> Sandbox:
    for name in NAMES:
        sandbox.user(name)
    return sandbox


def names(page: dict[str, Any]) -> list[str]:
    return [each["userName"] for each in page["Resources"]]


def test_2_pages_go_on_and_back_by_cursor(school: Sandbox) -> None:
    """Red when: ``Reads._page`` seals a ``previousCursor`` on every page."""
    for query in ({}, {"filter": "userName pr"}, {"sortBy": "userName"}):
        first = school.read("/Users", cursor="", count=2, **query)
        second = school.read("/Users", cursor=first["nextCursor"], count=2, **query)
        last = school.read("/Users", cursor=second["nextCursor"], count=2, **query)
        assert names(first) + names(second) + names(last) == NAMES
        assert "previousCursor" not in first
        assert "nextCursor" not in last
        back = school.read("/Users", cursor=last["previousCursor"], count=2, **query)
        assert names(back) == names(second)
        for page in (first, second, last):
            assert page["totalResults"] == len(NAMES)
            assert page["itemsPerPage"] == len(page["Resources"]) <= 2
            assert "startIndex" not in page
        for cursor in (first["nextCursor"], last["previousCursor"]):
            assert re.fullmatch(r"[A-Za-z0-9._~-]+", cursor)


def test_2_a_page_is_no_larger_than_asked_for(school: Sandbox) -> None:
    """Red when: ``check_search`` takes a ``count`` of 0 for 1."""
    most = school.read("/ServiceProviderConfig")["pagination"]["maxPageSize"]
    for count, expected in ((1, 1), (4, 4), (5, 5), (most + 1, 5)):
        page = school.read("/Users", cursor="", count=count)
        assert len(page["Resources"]) == expected
        assert ("nextCursor" in page) == (expected < 5)
    for count in (0, -1, -99):
        page = school.read("/Users", cursor="", count=count)
        assert (page["Resources"], page["totalResults"]) == ([], 5)


def test_2_a_cursor_belongs_to_its_query(school: Sandbox) -> None:
    """Red when: ``_about`` in ``cursors.py`` leaves ``search.shape`` out."""
    own = {"filter": "userName pr", "sortBy": "userName", "count": 2}
    cursor = school.read("/Users", cursor="", **own)["nextCursor"]
    for other in (
        {"count": 2}, {**own, "filter": "id pr"}, {**own, "sortBy": "id"},
        {**own, "sortOrder": "descending"},
    ):  # fmt: skip
        response = school.get("/Users", query_string={"cursor": cursor, **other})
        fails(response, 400, "invalidCursor")
    fails(school.get("", query_string={"cursor": cursor, **own}), 400, "invalidCursor")


def test_2_1_a_wrong_cursor_or_count_has_its_own_word(school: Sandbox) -> None:
    """Red when: ``Cursors.open`` lets a cursor live a moment longer (``<``)."""
    cursor = school.read("/Users", cursor="", count=2)["nextCursor"]
    for wrong in ("x", cursor[:-1], cursor + "A", cursor.swapcase(), "0"):
        response = school.get("/Users", query_string={"cursor": wrong, "count": 2})
        fails(response, 400, "invalidCursor")
    response = school.get("/Users", query_string={"cursor": cursor, "count": 0})
    fails(response, 400, "invalidCount")
    timeout = school.read("/ServiceProviderConfig")["pagination"]["cursorTimeout"]
    school.clock.move(seconds=timeout - 1)
    assert names(school.read("/Users", cursor=cursor, count=2)) == NAMES[2:4]
    school.clock.move(seconds=1)
    response = school.get("/Users", query_string={"cursor": cursor, "count": 2})
    fails(response, 400, "expiredCursor")


def test_2_2_pages_by_cursor_are_sorted(school: Sandbox) -> None:
    """Red when: ``Search.runs_down`` forgets ``descending``."""
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = school.read(
            "/Users", cursor=cursor, count=2, sortBy="userName", sortOrder="descending"
        )
        seen += names(page)
        cursor = page.get("nextCursor")
    assert seen == NAMES[::-1]


def test_2_4_without_a_word_pages_go_by_index(school: Sandbox) -> None:
    """Red when: ``check_search`` goes by cursor without being asked to."""
    assert school.read("/ServiceProviderConfig")["pagination"]["defaultPaginationMethod"] == "index"
    page = school.read("/Users", count=2)
    assert page["startIndex"] == 1
    assert not {"nextCursor", "previousCursor"} & page.keys()


def test_3_a_cursor_is_posted_as_well(school: Sandbox) -> None:
    """Red when: ``from_search_request`` leaves ``cursor`` unread."""
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "attributes": ["userName"], "filter": 'userName co "a"', "cursor": "", "count": 2,
    }  # fmt: skip
    first = json.loads(school.post("/Users/.search", body).data)
    second = school.post("/Users/.search", {**body, "cursor": first["nextCursor"]})
    assert names(first) + names(json.loads(second.data)) == ["ala", "jan", "ola", "zosia"]


def test_4_what_paging_there_is_is_announced(sandbox: Sandbox, world: World) -> None:
    """Red when: ``discovery.documents`` announces ``cursorTimeout`` as a text."""
    for read in (sandbox.read, world.list):
        announced = read("/ServiceProviderConfig")["pagination"]
        assert announced["cursor"] is True
        assert announced["index"] is True
        assert announced["defaultPaginationMethod"] in ("index", "cursor")
        for name in ("defaultPageSize", "maxPageSize", "cursorTimeout"):
            assert type(announced[name]) is int
            assert announced[name] > 0


def test_5_2_a_cursor_is_no_permission(school: Sandbox, world: World) -> None:
    """Red when: ``_about`` in ``cursors.py`` leaves the unit out."""
    cursor = school.read("/Users", cursor="", count=2)["nextCursor"]
    query = {"cursor": cursor, "count": 2}
    fails(world.get("/Users", query_string=query), 400, "invalidCursor")
    fails(school.get("/Users", query_string=query, headers={"Authorization": ""}), 401)
    forged = school.get("/Users", query_string={**query, "cursor": cursor[::-1]})
    foreign = world.get("/Users", query_string=query)
    assert forged.data == foreign.data
    with school.database.write_tokens() as connection:
        connection.execute(update(access_token).values(scope=""))
    fails(school.get("/Users", query_string=query), 403)


def test_5_2_a_withdrawn_decision_ends_a_cursor(world: World) -> None:
    """Red when: ``Hallway._admit`` no longer asks ``grant.publishes``."""
    cursor = world.list("/Users", cursor="", count=2)["nextCursor"]
    world.decide("SP 12", False)
    page = world.list("/Users", cursor=cursor, count=10)
    assert {each["externalId"] for each in page["Resources"]} <= {"U-4", "U-5", "P-1", "P-2"}
    assert page["totalResults"] == 4
    world.decide("LO 3", False)
    fails(world.get("/Users", query_string={"cursor": cursor}), 401)
