"""Reading a unit as a roster: what one page tells of the next doesn't change what that says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scim_server.clock import stamp
from scim_server.directory.roster_bookmarks import Bookmarks, List
from scim_server.directory.roster_conditions import EVERYTHING, Comparison, Condition
from scim_server.directory.roster_ids import roster_id
from scim_server.directory.roster_records import Ask, Whole
from scim_server.directory.rosters import Rosters
from scim_server.errors import DatabaseUnavailable
from tests.school import ASSIGNMENTS, PUPILS, World

KINDS = ("people", "classes", "enrolments")
LATER = Comparison("dateLastModified", ">=", "2026-11-01T00:00:00.000000Z")
ACTIVE, ENDED = (Comparison("status", "=", each) for each in ("active", "tobedeleted"))
STUDENT = Comparison("role", "=", "student")
CONDITIONS: tuple[Condition, ...] = (EVERYTHING, ((ACTIVE,),), ((LATER,),), ((ACTIVE, LATER),))
OF_PEOPLE: tuple[Condition, ...] = (
    ((ENDED,),), ((STUDENT,),), ((STUDENT, ACTIVE),), ((STUDENT,), (ENDED,)),
)  # fmt: skip


class Reader:
    """One process: its memory of the pages before is its own."""

    def __init__(self, world: World) -> None:
        self._rosters, self._unit = Rosters(world.database), world.unit.id

    @property
    def whole(self) -> Whole:
        return self._rosters.whole(self._unit)

    def page(self, kind: str, ask: Ask, whole: Whole | None = None) -> tuple[list[Any], int]:
        found: tuple[list[Any], int] = getattr(self._rosters, kind)(whole or self.whole, ask)
        return found


@pytest.fixture
def changed(world: World) -> World:
    """With someone who left, and enrolments that ended."""
    world.clock.move(minutes=5)
    world.import_files(
        pupils=PUPILS.replace("U-2;Jan;Żółć;jan.zolc;;;SP 12\n", ""),
        assignments=ASSIGNMENTS.replace("G-1;U-2\n", "").replace("G-3;U-5\n", ""),
        choices={"allow_deactivations": True, "max_deactivated_percent": 100},
    )
    return world


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_after_another_is_the_same_as_the_page_alone(changed: World, kind: str) -> None:
    """Red when a list is walked on from the last row itself, or from another list's."""
    walking = Reader(changed)
    for condition in (*CONDITIONS, *(() if kind == "classes" else OF_PEOPLE)):
        whole_list, total = Reader(changed).page(kind, Ask(condition, 100))
        assert (len(whole_list), bool(total)) == (total, True)
        for limit in (1, 2, 3):
            for offset in range(0, total + limit, limit):
                ask = Ask(condition, limit, offset)
                page = (whole_list[offset : offset + limit], total)
                assert walking.page(kind, ask) == page, (condition, ask)
                assert Reader(changed).page(kind, ask) == page, (condition, ask)


@pytest.mark.parametrize("kind", ["people", "enrolments"])
def test_after_a_change_a_page_begins_where_its_offset_says(world: World, kind: str) -> None:
    """Red when the unit's change number isn't part of what a bookmark is kept for."""
    reader = Reader(world)
    for condition in CONDITIONS:
        for offset in (0, 2):
            reader.page(kind, Ask(condition, 2, offset))
    world.clock.move(minutes=5)
    world.import_files(
        pupils=PUPILS.replace("U-1;Żaneta;Łęcka;zaneta.lecka;600 100 201;zaneta@dom.local;SP 12\n",
                              ""),
        assignments=ASSIGNMENTS.replace("G-1;U-1\n", "").replace("G-2;U-1\n", ""),
        choices={"allow_deactivations": True, "max_deactivated_percent": 100},
    )  # fmt: skip
    for condition in CONDITIONS:
        for offset in (2, 4):
            ask = Ask(condition, 2, offset)
            assert reader.page(kind, ask) == Reader(world).page(kind, ask), (condition, ask)


@pytest.mark.parametrize("kind", KINDS)
def test_a_school_that_is_decided_about_between_two_statements_is_no_short_page(
    world: World, kind: str
) -> None:
    """A client takes a page that isn't full for the last one. Red when people of a school that the
    reading doesn't know yet are left out.
    """
    reader = Reader(world)
    whole = reader.whole
    before = replace(whole, schools=whole.schools[:1])
    with pytest.raises(DatabaseUnavailable, match="Try again"):
        reader.page(kind, Ask(EVERYTHING, 100), before)


@pytest.mark.parametrize("has_ended", [False, True])
def test_someone_who_appears_dates_enrolments_in_classes_that_were_there(
    world: World, has_ended: bool
) -> None:
    """Red when only the enrolments of classes that appear are dated, in either table."""
    every = f"{ASSIGNMENTS}G-1;U-4\n"
    world.import_files(assignments=every)
    world.clock.move(minutes=5)
    world.decide("LO 3", False)
    if has_ended:
        world.import_files(assignments=every.replace("G-1;U-4\n", ""))
    world.clock.move(minutes=5)
    world.decide("LO 3", True)
    since = Comparison("dateLastModified", ">=", stamp(world.clock()))
    of_class = Comparison("class", "=", roster_id(world.id_of("G-1")))
    found, total = Reader(world).page("enrolments", Ask(((since, of_class),), 100))
    assert total == 1
    assert (found[0].person_id, bool(found[0].active)) == (
        roster_id(world.id_of("U-4")), not has_ended,
    )  # fmt: skip


def test_a_bookmark_is_of_one_list_of_one_unit_alone() -> None:
    """Red when a part of :class:`List` isn't compared."""
    kept, bookmarks = List("a", 5, ("User", "plan"), ("Anna",)), Bookmarks()
    bookmarks.keep_place(kept, 100, 17)
    bookmarks.keep_total(kept, 250)
    assert (bookmarks.place(kept, 100), bookmarks.total(kept)) == (17, 250)
    assert bookmarks.place(kept, 200) is None
    for other in (
        List("b", 5, ("User", "plan"), ("Anna",)), List("a", 6, ("User", "plan"), ("Anna",)),
        List("a", 5, ("Group", "plan"), ("Anna",)), List("a", 5, ("User", "plan"), ("Jan",)),
    ):  # fmt: skip
        assert (bookmarks.place(other, 100), bookmarks.total(other)) == (None, None)


def test_of_many_bookmarks_the_least_asked_for_are_forgotten() -> None:
    """What clients ask for fills no memory. Red when nothing is forgotten."""
    bookmarks, first = Bookmarks(), List("a", 0, (), ())
    bookmarks.keep_total(first, 1)
    for number in range(1, 2_000):
        bookmarks.keep_total(List("a", number, (), ()), number)
        assert bookmarks.total(first) == 1
    assert bookmarks.total(List("a", 1, (), ())) is None
    assert bookmarks.total(List("a", 1_999, (), ())) == 1_999
