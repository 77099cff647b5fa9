"""Order, pages, fields and filter together: what plain Python makes of all the objects."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzzing.budget import examples
from tests.oneroster.rosters import GOOGLE, SDS, Object, Roster
from tests.oneroster.test_deltas import ALL
from tests.oneroster.test_filters import (
    FIELDS,
    SEVERAL,
    Alternatives,
    expected,
    predicates,
    values,
    written,
)
from tests.oneroster.test_specification import NESTED, ids
from tests.school import ASSIGNMENTS, EMPLOYEES, GROUPS, PUPILS, World

SORTS = {
    key: [each for each in fields if each not in (*SEVERAL, "children.sourcedId")]
    for key, fields in FIELDS.items()
}
"""What each list is sorted by here: what the store sorts by, and has one value."""


@pytest.fixture
def lived(world: World) -> World:
    """A school in which people came, went, were renamed and moved at five different times."""
    world.clock.move(minutes=5)
    world.import_files(
        pupils=f"{PUPILS}U-6;Żaneta;Łęcka;zaneta.lecka2;;;LO 3\nU-7;anna;KOWALSKA;a.k;;;SP 12\n"
    )
    world.clock.move(minutes=5)
    world.import_files(
        groups=f"{GROUPS}G-4;Matematyka;3C;;2027/2028;LO 3\n",
        assignments=f"{ASSIGNMENTS}G-4;U-6\nG-4;P-2\nG-2;U-7\n",
    )
    world.clock.move(minutes=5)
    world.import_files(
        employees=EMPLOYEES.replace("nowak;LO 3", "nowak;SP 12"),
        groups=f"{GROUPS}G-4;Matematyka;3C;;2027/2028;LO 3\n".replace("Fizyka", "fizyka"),
        assignments=f"{ASSIGNMENTS}G-4;U-6\n".replace("G-1;U-2\n", ""),
    )
    world.clock.move(minutes=5)
    world.import_files(
        pupils=f"{PUPILS}U-6;Żaneta;Łęcka;zaneta.lecka2;;;LO 3\n",
        groups=GROUPS.replace("G-2;Język angielski;2A, 2B;JA_1;2026/2027;SP 12\n", ""),
        assignments="\n".join(each for each in ASSIGNMENTS.split("\n") if "G-2" not in each)
        + "G-1;U-4\n",  # who is of another school than the class
        choices=ALL,
    )
    return world


def by_creation(roster: Roster, enrollments: list[Object]) -> list[Object]:
    """In the order of their classes and people. A list that nothing sorts has those that ended at
    its end, a sorted one has them among the others.
    """
    places = {
        each["sourcedId"]: place
        for path in ("classes", "users")
        for place, each in enumerate(roster.page(path, limit=10_000))
    }
    return sorted(
        enrollments,
        key=lambda one: (places[one["class"]["sourcedId"]], places[one["user"]["sourcedId"]]),
    )


def in_order(objects: list[Object], field: str, *, descending: bool) -> list[Object]:
    """Sorted by code points of what is folded; ties stay in order, what has no value is last."""

    def key(one: Object) -> str:
        return values(one, field)[0].lower()

    there = [each for each in objects if values(each, field)]
    there.sort(key=key, reverse=descending)
    return there + [each for each in objects if not values(each, field)]


@pytest.mark.parametrize("key", FIELDS, ids=lambda key: f"{key[1]} of {key[0][-4:]}")
def test_what_is_asked_in_every_way_is_what_python_makes_of_the_whole_list(
    lived: World, key: tuple[str, str]
) -> None:
    """Red when ties are turned round, missing values come first, a page begins a place too early,
    the total is that of the page, or a member is shown that wasn't asked for.
    """
    base, path = key
    roster = Roster(lived, base)
    objects = roster.page(path, limit=10_000)
    names = sorted({name for each in objects for name in each})
    ties = by_creation(roster, objects) if path == "enrollments" else objects
    filters = st.lists(st.lists(predicates(objects, FIELDS[key]), min_size=1, max_size=2),
                       min_size=0, max_size=2)  # fmt: skip

    @examples(40)
    @given(
        filters,
        st.none() | st.sampled_from(SORTS[key]),
        st.booleans(),
        st.integers(1, len(objects) + 2),
        st.integers(0, len(objects) + 2),
        st.lists(st.sampled_from(names), max_size=3),
    )
    def check(
        asked: Alternatives, sort: str | None, descending: bool, limit: int, offset: int,
        shown: list[str],
    ) -> None:  # fmt: skip
        found = expected(objects, asked) if asked else objects
        query: dict[str, Any] = {"limit": limit, "offset": offset}
        if asked:
            query["filter"] = written(asked)
        if sort:
            found = [each for each in ties if each in found]
            found = in_order(found, sort, descending=descending)
            query |= {"sort": sort, "orderBy": "desc" if descending else "asc"}
        if shown:
            query["fields"] = ",".join(shown)
        page = [
            {name: value for name, value in each.items() if not shown or name in shown}
            for each in found[offset : offset + limit]
        ]
        answer = roster.get(path, **query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        assert next(iter(answer.get_json().values())) == page
        assert answer.headers["X-Total-Count"] == str(len(found))

    check()


@pytest.mark.parametrize("base", [SDS, GOOGLE])
def test_a_nested_list_is_what_python_chooses_from_the_whole_one(lived: World, base: str) -> None:
    """Red when an address forgets a part of itself, or tells of what ended as if it held."""
    roster, known = Roster(lived, base), ids(lived)
    kinds = ("users", "students", "teachers", "classes", "enrollments", "courses", "terms")
    whole = {path: roster.page(path, limit=10_000) for path in kinds}
    holds = {
        (each["class"]["sourcedId"], each["user"]["sourcedId"])
        for each in whole["enrollments"] if each["status"] == "active"
    }  # fmt: skip
    school, group = known["school"], known["class"]

    def is_there(each: Object) -> bool:
        orgs = each.get("orgs") or [one["org"] for one in each["roles"]]
        return school in [one["sourcedId"] for one in orgs]

    def classes_of(person: str) -> list[Object]:
        return [each for each in whole["classes"] if (each["sourcedId"], person) in holds]

    def people_in(kind: str) -> list[Object]:
        return [each for each in whole[kind] if (group, each["sourcedId"]) in holds]

    here = [each for each in whole["classes"] if each["school"]["sourcedId"] == school]
    enrolled = [each for each in whole["enrollments"] if each["school"]["sourcedId"] == school]
    taught = {each["course"]["sourcedId"] for each in here}
    terms = {each["terms"][0]["sourcedId"] for each in here}
    chosen = {
        "classes/{class}/students": people_in("students"),
        "classes/{class}/teachers": people_in("teachers"),
        "courses/{course}/classes": [
            each for each in whole["classes"] if each["course"]["sourcedId"] == known["course"]
        ],
        "schools/{school}/classes": here,
        "schools/{school}/classes/{class}/enrollments": [
            each for each in enrolled if each["class"]["sourcedId"] == group
        ],
        "schools/{school}/classes/{class}/students": people_in("students"),
        "schools/{school}/classes/{class}/teachers": people_in("teachers"),
        "schools/{school}/courses": [
            each for each in whole["courses"] if each["sourcedId"] in taught
        ],
        "schools/{school}/enrollments": enrolled,
        "schools/{school}/students": [each for each in whole["students"] if is_there(each)],
        "schools/{school}/teachers": [each for each in whole["teachers"] if is_there(each)],
        "schools/{school}/terms": [each for each in whole["terms"] if each["sourcedId"] in terms],
        "students/{pupil}/classes": classes_of(known["pupil"]),
        "teachers/{teacher}/classes": classes_of(known["teacher"]),
        "terms/{term}/classes": [
            each for each in whole["classes"] if each["terms"][0]["sourcedId"] == known["term"]
        ],
        "terms/{term}/gradingPeriods": [],
        "users/{pupil}/classes": classes_of(known["pupil"]),
        "users/{teacher}/classes": classes_of(known["teacher"]),
    }
    assert chosen.keys() == set(NESTED)
    for path, found in chosen.items():
        address = path.format(**known)
        assert roster.page(address) == found, path
        assert next(roster.pages(address, limit=2)) == found[:2], path
        active = [each for each in found if each["status"] == "active"]
        assert roster.page(address, filter="status='active'") == active, path


@pytest.mark.parametrize("base", [SDS, GOOGLE])
@pytest.mark.parametrize("path", ["users", "students", "classes"])
def test_who_comes_between_two_pages_moves_nobody(world: World, path: str, base: str) -> None:
    """Red when a list that nothing sorts is in another order than that of creation: a page that
    is read later would repeat some of the objects, or pass over them.
    """
    roster = Roster(world, base)
    before = roster.page(path)
    pages = roster.pages(path, limit=2)
    seen = next(pages)
    world.clock.move(minutes=5)
    world.import_files(
        pupils=f"{PUPILS}U-0;Adam;Aa;aa;;;SP 12\n",
        groups=f"{GROUPS}G-0;Algebra;1A;;2026/2027;SP 12\n",
        choices=ALL,
    )
    seen += [each for page in pages for each in page]
    told = [each["sourcedId"] for each in seen]
    assert len(set(told)) == len(told) == len(before) + 1
    assert told[: len(before)] == [each["sourcedId"] for each in before]
