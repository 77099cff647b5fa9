"""A year of School Data Sync: a full read, then deltas, beside what the SCIM door says."""

from __future__ import annotations

import random
from typing import Any

from tests.doors import plain
from tests.oneroster.rosters import ACTIVE, SDS, Roster
from tests.school import World

COLLECTIONS = ("academicSessions", "orgs", "users", "classes", "enrollments")
GROUP = "urn:scim-server:schemas:uonet:1.0:Group"


class Sds:
    """What School Data Sync holds: every object that it was told, until told to delete it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.held: dict[str, dict[str, Any]] = {path: {} for path in COLLECTIONS}
        self._last = ""

    def read_all(self) -> None:
        for path in COLLECTIONS:
            self.held[path] = Roster(self._world, SDS).all(path, filter=ACTIVE)
        self._remember(*[each for path in COLLECTIONS for each in self.held[path].values()])

    def read_changes(self) -> int:
        """How many objects it was told of."""
        told: list[dict[str, Any]] = []
        for path in COLLECTIONS:
            changes = Roster(self._world, SDS).since(path, self._last)
            for id, each in changes.items():
                if each["status"] == "active":
                    self.held[path][id] = each
                else:
                    self.held[path].pop(id, None)
            told += changes.values()
        self._remember(*told)
        return len(told)

    def _remember(self, *objects: dict[str, Any]) -> None:
        self._last = max([self._last, *(each["dateLastModified"] for each in objects)])


def listed(world: World, path: str) -> list[dict[str, Any]]:
    """All active resources of the SCIM door."""
    found: list[dict[str, Any]] = []
    while True:
        page = world.list(path, startIndex=len(found) + 1, count=200)
        found += page.get("Resources", [])
        if len(found) >= page["totalResults"]:
            return [each for each in found if each.get("active", each.get(GROUP, {}).get("active"))]


def assert_same_as_scim(world: World, sds: Sds) -> None:
    """The same people, classes and memberships, record by record, by SCIM's ids without hyphens."""
    people = {
        plain(each["id"]): (
            each["userName"].lower(), each["name"]["givenName"], each["name"]["familyName"],
            "student" if each["userType"] == "Student" else "teacher",
            next((one["value"] for one in each.get("phoneNumbers", [])), None),
        )
        for each in listed(world, "/Users")
    }  # fmt: skip
    assert people == {
        id: (each["email"], each["givenName"], each["familyName"], each["role"], each.get("phone"))
        for id, each in sds.held["users"].items()
    }
    groups = listed(world, "/Groups")
    orgs = {id: each["name"] for id, each in sds.held["orgs"].items()}
    assert {plain(each["id"]): (each["displayName"], each[GROUP]["school"]) for each in groups} == {
        id: (each["title"], orgs[each["school"]["sourcedId"]])
        for id, each in sds.held["classes"].items()
    }
    memberships = {
        (plain(group["id"]), plain(member["value"]))
        for group in groups
        for member in group.get("members", [])
    }
    assert memberships == {
        (each["class"]["sourcedId"], each["user"]["sourcedId"])
        for each in sds.held["enrollments"].values()
    }
    for each in sds.held["enrollments"].values():
        assert each["role"] == sds.held["users"][each["user"]["sourcedId"]]["role"]


class Register:
    """A school of some dozens, that changes from import to import."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._next = 0
        self.people: dict[str, str] = {}
        self.groups: dict[str, str] = {}
        self.pairs: set[tuple[str, str]] = set()
        for _ in range(30):
            self._come()
        for number in range(8):
            self._open(number)
        for _ in range(80):
            self._assign()

    def live(self) -> None:
        """Some come, some go, some change their names; classes open and close."""
        for _ in range(2):
            self._come()
            self._go()
            self._rename()
        self._open(self._next)
        closed = self._pick(self.groups)
        del self.groups[closed]
        self.pairs = {pair for pair in self.pairs if pair[0] != closed}
        for _ in range(8):
            self._assign()
            self.pairs.discard(self._random.choice(sorted(self.pairs)))

    def files(self) -> dict[str, str]:
        pupils = "".join(self.people.values())
        groups = "".join(self.groups.values())
        pairs = "".join(f"{group};{person}\n" for group, person in sorted(self.pairs))
        return {
            "pupils": f"klucz;imie;nazwisko;login;telefon;email;szkola\n{pupils}",
            "groups": f"klucz;przedmiot;oddzialy;nazwa grupy;rok szkolny;szkola\n{groups}",
            "assignments": f"grupa;osoba\n{pairs}",
        }

    def _come(self) -> None:
        key, self._next = f"U-{self._next + 100}", self._next + 1
        school = self._random.choice(("SP 12", "LO 3"))
        phone = self._random.choice(("", "600 100 299"))
        self.people[key] = f"{key};Imię{key[2:]};Łąka;login{key[2:]};{phone};;{school}\n"

    def _go(self) -> None:
        key = self._pick(self.people)
        del self.people[key]
        self.pairs = {pair for pair in self.pairs if pair[1] != key}

    def _rename(self) -> None:
        key = self._pick(self.people)
        self.people[key] = self.people[key].replace("Łąka", "Łąka-Żak")

    def _open(self, number: int) -> None:
        key = f"G-{number}"
        school = self._random.choice(("SP 12", "LO 3"))
        subject = self._random.choice(("Matematyka", "Fizyka", "Muzyka"))
        self.groups[key] = f"{key};{subject};{number}A;;2026/2027;{school}\n"
        self._next = max(self._next, number) + 1

    def _assign(self) -> None:
        self.pairs.add((self._pick(self.groups), self._pick(self.people)))

    def _pick(self, of: dict[str, str]) -> str:
        return self._random.choice(sorted(of))


def test_after_every_delta_sds_holds_what_scim_tells(world: World) -> None:
    """Red when anything that an import can change isn't dated, or is dated before the change."""
    register, sds = Register(7), Sds(world)
    choices = {"allow_deactivations": True, "max_deactivated_percent": 100}
    world.clock.move(minutes=5)
    world.import_files(**register.files(), choices=choices)
    sds.read_all()
    assert_same_as_scim(world, sds)
    for _ in range(6):
        world.clock.move(minutes=5)
        register.live()
        world.import_files(**register.files(), choices=choices)
        assert 10 < sds.read_changes() < 60
        assert_same_as_scim(world, sds)
    fresh = Sds(world)
    fresh.read_all()
    assert fresh.held == sds.held
    assert sds.read_changes() == 0
