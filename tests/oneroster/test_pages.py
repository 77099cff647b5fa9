"""Pages by ``limit`` and ``offset``, their links and totals, and the parts of nested lists."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.oneroster.rosters import ACTIVE, BASES, WRAPPERS, Roster
from tests.sandbox import Sandbox
from tests.school import World


def links(header: str) -> dict[str, dict[str, list[str]]]:
    """The parameters of each link, by its relation."""
    found = re.findall(r'<([^>]*)>; rel="(\w+)"', header)
    return {relation: parse_qs(urlsplit(address).query) for address, relation in found}


@pytest.mark.parametrize("path", WRAPPERS)
def test_pages_put_together_are_the_whole_list_whatever_their_size(world: World, path: str) -> None:
    """Red when an offset within a class is counted from the class's own beginning, or a waypoint
    after the offset is taken.
    """
    roster = Roster(world)
    whole = roster.page(path)
    for query in ({}, {"filter": ACTIVE}):
        for limit in (1, 2, 3, 7, 10_000):
            pages = list(roster.pages(path, limit=limit, **query))
            assert [each for page in pages for each in page] == whole
    answer = roster.get(path, limit=1)
    assert answer.headers["X-Total-Count"] == str(len(whole))


def test_links_lead_to_the_other_pages_and_repeat_what_was_asked(world: World) -> None:
    answer = Roster(world).get("enrollments", limit=3, offset=3, filter=ACTIVE, fields="role")
    assert answer.headers["X-Total-Count"] == "10"
    found = links(answer.headers["Link"])
    assert {name: each["offset"] for name, each in found.items()} == {
        "first": ["0"], "last": ["9"], "next": ["6"], "prev": ["0"],
    }  # fmt: skip
    for each in found.values():
        assert (each["limit"], each["filter"], each["fields"]) == (["3"], [ACTIVE], ["role"])
    assert (
        f"<{world.settings.public_url}/sp12/ims/oneroster/v1p1/enrollments?"
        in (answer.headers["Link"])
    )


def test_the_first_and_the_last_page_have_no_neighbour_beyond(world: World) -> None:
    first = Roster(world).get("users", limit=5)
    assert links(first.headers["Link"]).keys() == {"first", "last", "next"}
    last = Roster(world).get("users", limit=5, offset=5)
    assert links(last.headers["Link"]).keys() == {"first", "last", "prev"}
    beyond = Roster(world).get("users", limit=5, offset=50)
    assert beyond.headers["X-Total-Count"] == "7"
    assert links(beyond.headers["Link"])["prev"]["offset"] == ["5"]


def test_fields_choose_what_is_shown(world: World) -> None:
    for each in Roster(world).page("users", fields="sourcedId, username"):
        assert each.keys() == {"sourcedId", "username"}
    assert Roster(world).page("orgs", fields="name")[0] == {"name": "sp12"}


def test_a_list_is_sorted_by_a_field_and_missing_values_come_last(world: World) -> None:
    roster = Roster(world)
    for path, field in (("users", "familyName"), ("classes", "title"), ("orgs", "name"),
                        ("enrollments", "sourcedId"), ("users", "status"),
                        ("academicSessions", "type")):  # fmt: skip
        values = [each[field].lower() for each in roster.page(path, sort=field)]
        assert values == sorted(values)
        down = [each[field].lower() for each in roster.page(path, sort=field, orderBy="desc")]
        assert down == sorted(values, reverse=True)
    with_phone = ["phone" in each for each in roster.page("users", sort="phone")]
    assert with_phone == [True, True, *[False] * 5]


def test_what_ended_is_sorted_among_what_holds(world: World) -> None:
    """Red when the parts of a sorted list are put one behind the other."""
    world.clock.move(minutes=5)
    world.import_files(assignments="grupa;osoba\nG-1;U-1\nG-2;U-1\nG-3;P-2\n")
    roster = Roster(world)
    listed = [each["sourcedId"] for each in roster.page("enrollments", sort="sourcedId")]
    assert listed == sorted(listed)
    assert len(listed) == 10
    pages = roster.pages("enrollments", limit=3, sort="dateLastModified", orderBy="desc")
    times = [each["dateLastModified"] for page in pages for each in page]
    assert times == sorted(times, reverse=True)
    statuses = [each["status"] for each in roster.page("enrollments", sort="status")]
    assert statuses == ["active"] * 3 + ["tobedeleted"] * 7


@pytest.mark.parametrize("base", BASES)
def test_head_tells_what_get_does_without_its_body(world: World, base: str) -> None:
    roster = Roster(world, base)
    for path in ("users", "orgs", f"users/{roster.id_of('U-1')}"):
        got, head = roster.get(path), roster.get(path, "HEAD")
        assert (head.status_code, head.data) == (200, b"")
        for name in ("X-Total-Count", "Link", "Content-Type"):
            assert head.headers.get(name) == got.headers.get(name)


def test_every_list_that_the_specification_nests_is_that_part_of_the_whole(world: World) -> None:
    """Red when ``within`` forgets one of the objects in the address."""
    roster = Roster(world)
    orgs = {each["name"]: each["sourcedId"] for each in roster.page("schools")}
    school, group = orgs["SP 12"], roster.id_of("G-1")
    pupil, teacher = roster.id_of("U-1"), roster.id_of("P-1")
    (course,) = roster.page("courses", filter="title='matematyka'")
    (term,) = roster.page("terms")

    def names(path: str) -> list[str]:
        return sorted(
            str(each.get("username") or each["title"]).partition("@")[0].partition(" – ")[0]
            for each in roster.page(path)
        )

    pupils = ["jan.zolc", "olena.szewczenko", "zaneta.lecka"]
    lessons = ["Język angielski", "Matematyka"]
    for path, expected in {
        f"schools/{school}/classes": lessons,
        f"schools/{school}/students": pupils,
        f"schools/{school}/teachers": ["maria.cwikla"],
        f"schools/{school}/terms": ["Rok szkolny 2026/27"],
        f"schools/{school}/courses": lessons,
        f"schools/{school}/classes/{group}/students": pupils,
        f"schools/{school}/classes/{group}/teachers": ["maria.cwikla"],
        f"classes/{group}/students": pupils,
        f"classes/{group}/teachers": ["maria.cwikla"],
        f"terms/{term['sourcedId']}/classes": ["Fizyka", *lessons],
        f"terms/{term['sourcedId']}/gradingPeriods": [],
        f"courses/{course['sourcedId']}/classes": ["Matematyka"],
        f"students/{pupil}/classes": lessons,
        f"teachers/{teacher}/classes": ["Fizyka", *lessons],
        f"users/{teacher}/classes": ["Fizyka", *lessons],
    }.items():
        assert names(path) == expected, path
    assert len(roster.page(f"schools/{school}/enrollments")) == 6
    listed = roster.page(f"schools/{school}/classes/{group}/enrollments")
    assert {each["class"]["sourcedId"] for each in listed} == {group}
    assert len(listed) == 4
    for path in (
        f"schools/{orgs['LO 3']}/classes/{group}/students", f"students/{teacher}/classes",
        f"teachers/{pupil}/classes", f"schools/{group}/classes", f"classes/{school}/students",
    ):  # fmt: skip
        assert roster.get(path).status_code == 404, path


def test_every_collection_gives_each_of_its_objects_by_itself(world: World) -> None:
    for base in BASES:
        roster = Roster(world, base)
        for path in WRAPPERS:
            for each in roster.page(path):
                assert roster.one(f"{path}/{each['sourcedId']}") == each


def test_a_sandbox_has_no_rosters(sandbox: Sandbox) -> None:
    """Red when the kind of the unit isn't asked for."""
    for base in BASES:
        for path in ("users", "orgs", "enrollments", "x"):
            answer = sandbox.app.test_client().get(
                f"/{sandbox.unit.name}/{base}/{path}",
                headers={"Authorization": f"Bearer {sandbox.token}"},
            )
            assert answer.status_code == 404
            assert "nothing at this address" in answer.get_data(as_text=True)
