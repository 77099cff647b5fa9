"""``dateLastModified>'…'`` tells exactly what changed, and never a departure that was none."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from scim_server.directory.staging import TOLD_FOR
from scim_server.directory.tables import former_membership
from tests.oneroster.rosters import GOOGLE, SDS, Roster
from tests.school import ASSIGNMENTS, EMPLOYEES, GROUPS, PUPILS, SCHOOLS, World

COLLECTIONS = ("orgs", "academicSessions", "courses", "users", "classes", "enrollments")
ALL = {"allow_deactivations": True, "max_deactivated_percent": 100}


class Watcher:
    """Keeps the greatest time that it was told, and asks for what is later."""

    def __init__(self, world: World, base: str = SDS) -> None:
        self.world, self.roster = world, Roster(world, base)
        self._names = {
            self.roster.id_of(key): key
            for key in ("U-1", "U-2", "U-3", "U-4", "U-5", "P-1", "P-2", "G-1", "G-2", "G-3")
        }
        self._last = max(
            each["dateLastModified"]
            for path in COLLECTIONS
            for each in self.roster.all(path).values()
        )

    def name(self, key: str) -> None:
        """Learn the id of someone new."""
        self._names[self.roster.id_of(key)] = key

    def changes(self) -> dict[str, str]:
        """The status of each object that changed, by its register keys or its title."""
        self.world.token = self.world.ask_token().json["access_token"]  # type: ignore[index]
        found = {
            self._key(each): each["status"]
            for path in COLLECTIONS
            for each in self.roster.since(path, self._last).values()
        }
        times = [
            each["dateLastModified"]
            for path in COLLECTIONS
            for each in self.roster.since(path, self._last).values()
        ]
        self._last = max([self._last, *times])
        return found

    def _key(self, each: dict[str, Any]) -> str:
        id = each["sourcedId"]
        ids = [id[place : place + 32] for place in range(0, len(id), 32)]
        if all(id in self._names for id in ids):
            return " ".join(self._names[id] for id in ids)
        return str(each.get("title") or each.get("name")) + f" ({each.get('type', 'course')})"


@pytest.fixture(params=[SDS, GOOGLE])
def watcher(world: World, request: pytest.FixtureRequest) -> Watcher:
    found = Watcher(world, request.param)
    world.clock.move(minutes=5)
    return found


def test_nothing_changed_is_nothing_told(watcher: Watcher) -> None:
    """Red when an import that changes nothing dates anything."""
    watcher.world.import_files()
    assert watcher.changes() == {}
    watcher.world.decide("SP 12", True)
    assert watcher.changes() in ({}, {"SP 12 (school)": "active", "sp12 (district)": "active"})


def test_a_change_of_a_person_is_told_of_the_person_alone(watcher: Watcher) -> None:
    """Red when ``_update_changed`` doesn't set ``edited``, or a copied name dates others."""
    watcher.world.import_files(pupils=PUPILS.replace("Kowalska", "Nowicka"))
    assert watcher.changes() == {"U-4": "active"}


def test_memberships_that_begin_and_end_are_told_and_their_ends_are_not(watcher: Watcher) -> None:
    """Red when memberships that ended aren't kept, or a user is dated by them."""
    watcher.world.import_files(
        assignments=ASSIGNMENTS.replace("G-1;U-2\n", "").replace("G-2;P-1\n", "G-2;P-1\nG-2;U-2\n")
    )
    assert watcher.changes() == {"G-1 U-2": "tobedeleted", "G-2 U-2": "active"}


def test_what_began_again_is_active_and_is_told_once(watcher: Watcher) -> None:
    """Red when ``_replace_memberships`` leaves what began again among those that ended."""
    world = watcher.world
    world.import_files(assignments=ASSIGNMENTS.replace("G-1;U-2\n", ""))
    assert watcher.changes() == {"G-1 U-2": "tobedeleted"}
    world.clock.move(minutes=5)
    world.import_files(assignments=ASSIGNMENTS)
    assert watcher.changes() == {"G-1 U-2": "active"}
    assert len(watcher.roster.all("enrollments")) == 10


def test_whoever_leaves_is_told_with_all_that_ended(watcher: Watcher) -> None:
    world = watcher.world
    world.import_files(
        pupils=PUPILS.replace("U-5;Piotr;Kowalski;piotr.kowalski;;;LO 3\n", ""),
        assignments=ASSIGNMENTS.replace("G-3;U-5\n", ""),
        choices=ALL,
    )
    assert watcher.changes() == {"U-5": "tobedeleted", "G-3 U-5": "tobedeleted"}
    person = watcher.roster.one(f"users/{watcher.roster.id_of('U-5')}")
    assert (person["status"], person["enabledUser"]) == ("tobedeleted", "false")


def test_a_class_that_closes_takes_its_course_with_it(watcher: Watcher) -> None:
    """Red when a subject that nobody teaches is active still."""
    watcher.world.import_files(
        groups=GROUPS.replace("G-3;Fizyka;1C;;2026/2027;LO 3\n", ""),
        assignments="\n".join(each for each in ASSIGNMENTS.split("\n") if "G-3" not in each),
        choices=ALL,
    )
    ended = {f"G-3 {key}": "tobedeleted" for key in ("U-4", "U-5", "P-1", "P-2")}
    assert watcher.changes() == {
        "G-3": "tobedeleted", "Fizyka (course)": "tobedeleted", **ended,
    }  # fmt: skip
    watcher.world.clock.move(minutes=5)
    watcher.world.import_files(groups=GROUPS, assignments=ASSIGNMENTS)
    began = {f"G-3 {key}": "active" for key in ("U-4", "U-5", "P-1", "P-2")}
    assert watcher.changes() == {"G-3": "active", "Fizyka (course)": "active", **began}


def test_newcomers_are_told_with_their_classes(watcher: Watcher) -> None:
    watcher.world.import_files(
        pupils=f"{PUPILS}U-6;Ewa;Nowa;ewa.nowa;;;SP 12\n",
        groups=f"{GROUPS}G-4;Chemia;3C;;2027/2028;SP 12\n",
        assignments=f"{ASSIGNMENTS}G-4;U-6\nG-1;U-6\n",
    )
    for key in ("U-6", "G-4"):
        watcher.name(key)
    assert watcher.changes() == {
        "U-6": "active", "G-4": "active", "G-4 U-6": "active", "G-1 U-6": "active",
        "Chemia (course)": "active", "Rok szkolny 2027/28 (schoolYear)": "active",
        "Rok szkolny 2027/28 (term)": "active",
    }  # fmt: skip


def test_a_move_between_schools_is_told(watcher: Watcher) -> None:
    """Red when ``_date_moves`` does nothing: the person's orgs, and the school of each enrolment
    in a class that moved, would be old ones for ever.
    """
    world = watcher.world
    world.import_files(employees=EMPLOYEES.replace("nowak;LO 3", "nowak;SP 12"))
    assert watcher.changes() == {"P-2": "active"}
    world.clock.move(minutes=5)
    world.import_files(groups=GROUPS.replace("2026/2027;LO 3", "2026/2027;SP 12"))
    moved = {f"G-3 {key}": "active" for key in ("U-4", "U-5", "P-1", "P-2")}
    changes = watcher.changes()
    assert changes.items() >= {"G-3": "active", **moved}.items()
    assert not {key for key in changes if key.startswith(("U-", "P-"))}


def test_tak_tells_all_that_appears_and_nie_nothing_but_what_shared_people_lose(
    watcher: Watcher,
) -> None:
    """Red when ``_date_memberships`` or ``_date_people_of`` does nothing, or dates what hides."""
    world = watcher.world
    world.decide("SP 12", False)
    assert watcher.changes() == {"P-1": "active", "sp12 (district)": "active"}
    names = {each["name"] for each in watcher.roster.page("orgs")}
    assert names == {"sp12", "LO 3"}
    person = watcher.roster.one(f"users/{watcher.roster.id_of('P-1')}")
    assert len(person.get("orgs") or person["roles"]) == 1
    world.clock.move(minutes=5)
    world.decide("SP 12", True)
    changes = watcher.changes()
    assert set(changes.values()) == {"active"}
    assert changes.keys() == {
        "U-1", "U-2", "U-3", "P-1", "G-1", "G-2", "G-1 U-1", "G-1 U-2", "G-1 U-3", "G-1 P-1",
        "G-2 U-1", "G-2 P-1", "Matematyka (course)", "Język angielski (course)",
        "SP 12 (school)", "sp12 (district)",
    }  # fmt: skip


def test_nobody_who_was_hidden_is_ever_a_departure(watcher: Watcher) -> None:
    """Red when memberships that ended are told of whoever isn't served."""
    world = watcher.world
    world.decide("SP 12", False)
    watcher.changes()
    world.clock.move(minutes=5)
    world.import_files(assignments=ASSIGNMENTS.replace("G-1;U-2\n", ""))
    assert watcher.changes() == {}
    for path in COLLECTIONS:
        assert {each["status"] for each in watcher.roster.all(path).values()} == {"active"}
    for school in SCHOOLS:
        world.decide(school, False)
    assert watcher.roster.get("users").status_code == 401


def test_what_ended_long_ago_is_forgotten(watcher: Watcher) -> None:
    """Red when ``is_old`` is left out, and memberships that ended are kept for ever."""
    world = watcher.world
    world.import_files(assignments=ASSIGNMENTS.replace("G-1;U-2\n", ""))
    assert watcher.changes() == {"G-1 U-2": "tobedeleted"}
    world.clock.move(days=TOLD_FOR.days + 1)
    world.import_files(assignments=ASSIGNMENTS.replace("G-1;U-2\n", "").replace("G-2;U-1\n", ""))
    with world.database.read() as connection:
        kept = connection.execute(select(former_membership)).all()
    assert len(kept) == 1


def test_what_ended_while_it_was_hidden_is_told_when_the_school_is_back(watcher: Watcher) -> None:
    """Red when ``_date_memberships`` leaves memberships that ended as they were."""
    world = watcher.world
    world.decide("SP 12", False)
    world.import_files(assignments=ASSIGNMENTS.replace("G-1;U-2\n", ""))
    watcher.changes()
    world.clock.move(minutes=5)
    world.decide("SP 12", True)
    assert watcher.changes()["G-1 U-2"] == "tobedeleted"
