"""What can't be answered is refused, in the words of each version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scim_server.app import create_app
from tests.oneroster.rosters import BASES, Roster
from tests.school import World

NOBODY = "00000000000080008000000000000000"


def refused(roster: Roster, path: str, method: str = "GET", **query: Any) -> tuple[int, str]:
    """Status and minor code, from a body that has the form of the version."""
    answer = roster.get(path, method, **query)
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, minor_of(answer.get_json(), roster.base)


def minor_of(body: dict[str, Any], base: str) -> str:
    if base.endswith("v1p1"):
        assert body.keys() == {"CodeMajor", "Severity", "CodeMinor", "Description"}
        assert (body["CodeMajor"], body["Severity"]) == ("failure", "error")
        assert body["Description"].endswith(".")
        return str(body["CodeMinor"])
    assert (body["imsx_codeMajor"], body["imsx_severity"]) == ("failure", "error")
    assert body["imsx_description"].endswith(".")
    (field,) = body["imsx_CodeMinor"]["imsx_codeMinorField"]
    assert field["imsx_codeMinorFieldName"] == "TargetEndSystem"
    return str(field["imsx_codeMinorFieldValue"])


@pytest.mark.parametrize("base", BASES)
def test_each_mistake_has_its_status_and_its_code(world: World, base: str) -> None:
    roster = Roster(world, base)
    is_old = base.endswith("v1p1")
    unknown = (404, "unknown object" if is_old else "unknownobject")
    invalid = (400, "invalid data" if is_old else "invaliddata")
    unsorted = "invalid_sort_field" if is_old else "invaliddata"  # 1.2 has no word for it
    for path in ("nothing", "users/x/y", "users/", f"users/{NOBODY}", f"users/{NOBODY}/classes",
                 f"orgs/{NOBODY}", f"enrollments/{NOBODY}{NOBODY}", "enrollments/x.y.z",
                 f"students/{roster.id_of('P-1')}", f"schools/{NOBODY}/students",
                 f"courses/{NOBODY}", f"users/{'x' * 500}",
                 "users/%00", "users/a%0db", "users/%ff"):  # fmt: skip
        assert refused(roster, path) == unknown, path
    for query in (
        {"limit": 0}, {"limit": 10_001}, {"limit": "x"}, {"limit": -1}, {"offset": -1},
        {"offset": "1e3"}, {"limit": ""}, {"orderBy": "up"}, {"limit": [1, 2]}, {"offset": 2**31},
    ):  # fmt: skip
        assert refused(roster, "users", **query) == invalid, query
    for path in ("users", "classes", "enrollments", "orgs", "courses", "terms"):
        for field in ("pesel", "externalId", "active", "metadata.x", "within", "person"):
            asked = {"filter": f"{field}='1'"}
            assert refused(roster, path, **asked) == (400, "invalid_filter_field"), field
            assert refused(roster, path, sort=field) == (400, unsorted)
            assert refused(roster, path, fields=field) == (400, "invalid_selection_field")
        for blank in ("", " ", ",", "sourcedId,", "sourcedId,,status"):
            assert refused(roster, path, fields=blank) == (400, "invalid_selection_field"), blank
    for path in ("demographics", f"demographics/{roster.id_of('U-1')}"):
        assert refused(roster, path) == (403, "forbidden")


@pytest.mark.parametrize("base", BASES)
def test_a_filter_that_cannot_be_read_is_refused(world: World, base: str) -> None:
    roster = Roster(world, base)
    for text in (
        "status", "status=active", "status='active", "status='a' AND", "AND status='a'",
        "status='a'AND role='x'", "status='a' XOR role='x'", "='a'", "status=='a'", "status='a' x",
        "(status='a')", "status<>'a'", "dateLastModified>'yesterday'", "dateLastModified>''",
        "dateLastModified='2026-13-01'", "dateLastModified~'2026'", "status='a' OR",
        " OR ".join(["status='active'"] * 60),
    ):  # fmt: skip
        for path in ("users", "orgs", "enrollments"):
            found = refused(roster, path, filter=text)
            assert found == (400, "invalid_filter_field"), text


@pytest.mark.parametrize("base", BASES)
def test_writes_are_refused_and_tell_what_is_possible(world: World, base: str) -> None:
    """Red when a route of the door gets a handler for another method."""
    roster = Roster(world, base)
    for path in ("users", f"users/{roster.id_of('U-1')}", "demographics", "nothing"):
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            answer = roster.get(path, method)
            assert answer.status_code == 405
            assert answer.headers["Allow"] == "GET, HEAD"
            minor_of(answer.get_json(), base)


@pytest.mark.parametrize("base", BASES)
def test_no_token_no_accept_and_too_many_requests(world: World, base: str) -> None:
    roster = Roster(world, base)
    is_old = base.endswith("v1p1")
    address = f"/sp12/{base}/users"
    without = world.app.test_client().get(address)
    assert without.status_code == 401
    assert without.headers["WWW-Authenticate"].startswith("Bearer")
    code = "unauthorized" if is_old else "unauthorisedrequest"
    assert minor_of(without.get_json(), base) == code
    other = world.app.test_client().get(
        address, headers={"Authorization": f"Bearer {world.token}", "Accept": "text/xml"}
    )
    assert other.status_code == 406
    slow = make_slow(world)
    answers = [Roster(slow, base).get("orgs") for _ in range(30)]
    busy = [each for each in answers if each.status_code == 429]
    assert busy
    assert minor_of(busy[0].get_json(), base) == "server_busy"
    assert int(busy[0].headers["Retry-After"]) >= 1
    assert roster.get("orgs").status_code == 200


def make_slow(world: World) -> World:
    """The same school behind an application that lets few requests through."""
    settings = replace(world.settings, requests_per_second=1, request_burst=5)
    app = create_app(settings, clock=world.clock, database=world.database, between_requests=False)
    return replace(world, settings=settings, app=app)
