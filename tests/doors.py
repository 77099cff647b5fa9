"""What each door tells of a school, reduced to the same plain records, and how they may differ.

A reader also holds every object that it meets against the closed list of its door: fixed sets of
names, written here once more, so that an attribute that is added anywhere is seen.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

Record = dict[str, Any]
Object = Mapping[str, Any]
Get = Callable[..., Object]
"""Reads the JSON at an address, with the parameters given as keywords."""

GROUP = "urn:scim-server:schemas:uonet:1.0:Group"
_COMMON = frozenset({"sourcedId", "status", "dateLastModified"})
_REFERENCE = frozenset({"href", "sourcedId", "type"})
_CSV = {
    "orgs.csv": ["sourcedId", "name", "type", "parentSourcedId"],
    "users.csv": ["sourcedId", "username", "givenName", "familyName", "activeDirectoryMatchId",
                  "email", "phone", "sms"],
    "roles.csv": ["userSourcedId", "orgSourcedId", "role", "sessionSourcedId", "grade",
                  "isPrimary"],
    "classes.csv": ["sourcedId", "orgSourcedId", "title", "sessionSourcedIds", "courseSourcedId",
                    "code"],
    "enrollments.csv": ["classSourcedId", "userSourcedId", "role"],
}  # fmt: skip


@dataclass
class Picture:
    """People and groups by their ids, memberships by both ids: what is said of each. The ids are
    those of rosters: SCIM's without hyphens.
    """

    people: dict[str, Record] = field(default_factory=dict)
    groups: dict[str, Record] = field(default_factory=dict)
    memberships: dict[tuple[str, str], Record] = field(default_factory=dict)


@dataclass(frozen=True)
class Door:
    """What a door leaves out by design: names of what is said of people and of groups, and whether
    it tells of people who left and groups that closed. All else it has to tell, and the same; but
    logins may be in lower case.
    """

    name: str
    of_people: frozenset[str] = frozenset()
    of_groups: frozenset[str] = frozenset()
    tells_who_left: bool = True
    lower_case: bool = False

    def told(self, whole: Picture) -> Picture:
        """``whole`` as this door has to tell it."""
        return Picture(
            self._records(whole.people, self.of_people),
            self._records(whole.groups, self.of_groups),
            dict(whole.memberships),
        )

    def _records(self, records: Mapping[str, Record], without: frozenset[str]) -> dict[str, Record]:
        return {
            id: {
                name: value.lower() if name == "login" and self.lower_case else value
                for name, value in each.items()
                if name not in without
            }
            for id, each in records.items()
            if each["active"] or self.tells_who_left
        }


SCIM = Door("SCIM", of_people=frozenset({"schools"}))
"""RFC 7643's User has no school, and nobody invented one."""

_NOT_IN_ROSTERS = frozenset({"key", "own_email"})
"""The register's key stays inside; ``email`` is the login, by which Microsoft matches accounts."""
_IN_THE_TITLE = frozenset({"key", "classes", "group_name"})
"""A class of OneRoster's has no members for these: its title tells them, as SCIM's name does."""

ONEROSTER = Door("OneRoster", of_people=_NOT_IN_ROSTERS, of_groups=_IN_THE_TITLE, lower_case=True)
"""Microsoft puts e-mail addresses into lower case anyway, and a login is one here."""

CSV = Door(
    "CSV", of_people=_NOT_IN_ROSTERS, of_groups=_IN_THE_TITLE | {"subject", "school_year"},
    tells_who_left=False, lower_case=True,
)  # fmt: skip
"""School Data Sync takes whoever isn't in the files to have left. Sessions and courses have files
of their own, which aren't written; subject and school year stand in the title.
"""


def differences(one: str, left: Picture, other: str, right: Picture) -> list[str]:
    """A line for each record that only one of them has, and each value that they say otherwise."""
    found: list[str] = []
    for kind in ("people", "groups", "memberships"):
        ours, theirs = getattr(left, kind), getattr(right, kind)
        for id in [*ours, *(id for id in theirs if id not in ours)]:
            if id not in ours or id not in theirs:
                found.append(f"{kind} {id}: only {one if id in ours else other} has it")
                continue
            found += [
                f"{kind} {id}: {name} is {ours[id].get(name)!r} in {one}, "
                f"{theirs[id].get(name)!r} in {other}"
                for name in sorted(ours[id].keys() | theirs[id].keys())
                if ours[id].get(name) != theirs[id].get(name)
            ]
    return found


def check_same(whole: Picture, door: Door, told: Picture) -> None:
    found = differences("the register", door.told(whole), door.name, told)
    assert not found, "\n".join([f"{len(found)} differences:", *found[:20]])


# SCIM


def scim(get: Get, base: str) -> Picture:
    """All Users and all Groups with their members, page by page."""
    picture = Picture()
    listed: dict[str, set[tuple[str, str]]] = {}
    for each in _scim_pages(get, f"{base}/Users"):
        picture.people[plain(each["id"])] = _scim_person(each)
        for one in each.get("groups", []):
            _check(one, {"value", "$ref", "display", "type"})
            pair = plain(one["value"]), plain(each["id"])
            listed.setdefault(pair[0], set()).add(pair)
    for each in _scim_pages(get, f"{base}/Groups"):
        id = plain(each["id"])
        picture.groups[id] = _scim_group(each)
        members = each.get("members", [])
        for one in members:
            _check(one, {"value", "$ref", "display", "type"})
            pair = id, plain(one["value"])
            picture.memberships[pair] = {"role": picture.people[pair[1]]["role"]}
        pairs = {(id, plain(one["value"])) for one in members}
        assert pairs == listed.pop(id, set()), "User.groups isn't Group.members"
    assert not listed
    return picture


def plain(id: str) -> str:
    """What rosters and files call the resource with this id of SCIM's."""
    return id.replace("-", "")


def _scim_pages(get: Get, url: str) -> Iterator[Object]:
    found = 0
    while True:
        page = get(url, startIndex=found + 1, count=100)
        yield from page.get("Resources", [])
        found += page["itemsPerPage"]
        if found >= page["totalResults"]:
            return


def _scim_person(each: Object) -> Record:
    is_pupil = each["userType"] == "Student"
    optional = {"groups", "phoneNumbers", "emails"} if is_pupil else {"groups"}
    _check(
        each,
        {"schemas", "id", "externalId", "userName", "name", "displayName", "active", "userType",
         "meta"},
        optional,
    )  # fmt: skip
    _check(each["name"], {"formatted", "familyName", "givenName"})
    _check_meta(each)
    assert is_pupil or each["userType"] == "Employee"
    assert each["displayName"] == each["name"]["formatted"]
    return {
        "key": each["externalId"],
        "given_name": each["name"]["givenName"],
        "family_name": each["name"]["familyName"],
        "login": each["userName"],
        "role": "student" if is_pupil else "teacher",
        "active": each["active"],
        "phone": _only_value(each.get("phoneNumbers", []), "mobile"),
        "own_email": _only_value(each.get("emails", []), "home"),
    }


def _scim_group(each: Object) -> Record:
    _check(each, {"schemas", "id", "externalId", "displayName", GROUP, "meta"}, {"members"})
    own = each[GROUP]
    _check(own, {"subject", "schoolYear", "school", "active"}, {"classes", "groupName"})
    _check_meta(each)
    return {
        "key": each["externalId"], "name": each["displayName"], "subject": own["subject"],
        "school": own["school"], "school_year": own["schoolYear"], "active": own["active"],
        "classes": own.get("classes", []), "group_name": own.get("groupName"),
    }  # fmt: skip


def _check_meta(each: Object) -> None:
    _check(each["meta"], {"resourceType", "created", "lastModified", "location", "version"})


def _only_value(values: list[Object], type: str) -> str | None:
    for each in values:
        _check(each, {"value", "type"})
        assert each["type"] == type
    assert len(values) <= 1
    return values[0]["value"] if values else None


# OneRoster


def oneroster(get: Get, base: str) -> Picture:
    """Every collection of the version at ``base``, page by page."""
    has_roles = base.endswith("v1p2")
    schools = dict(_schools(_roster_pages(get, base, "orgs")))
    years = {
        each["sourcedId"]: each["title"].removeprefix("Rok szkolny ")
        for each in _roster_pages(get, base, "academicSessions")
        if _check(each, _COMMON | {"title", "startDate", "endDate", "type", "schoolYear"},
                  {"parent", "children"})
    }  # fmt: skip
    courses = {
        each["sourcedId"]: each["title"]
        for each in _roster_pages(get, base, "courses")
        if _check(each, _COMMON | {"title", "courseCode", "org", "subjects"})
    }
    picture = Picture()
    for each in _roster_pages(get, base, "users"):
        picture.people[each["sourcedId"]] = _roster_person(each, schools, has_roles)
    for each in _roster_pages(get, base, "classes"):
        picture.groups[each["sourcedId"]] = _roster_group(each, schools, years, courses)
    for each in _roster_pages(get, base, "enrollments"):
        _check(each, _COMMON | {"role", "primary", "user", "class", "school"})
        pair = _id(each["class"]), _id(each["user"])
        assert each["sourcedId"] == "".join(pair)
        assert schools[_id(each["school"])] == picture.groups[pair[0]]["school"]
        # One that ended is told of for the deltas; it is nothing that SCIM could tell.
        if each["status"] == "active":
            assert pair not in picture.memberships
            picture.memberships[pair] = {"role": each["role"]}
    return picture


def _roster_pages(get: Get, base: str, collection: str) -> Iterator[Object]:
    offset, seen = 0, set[str]()
    while True:
        body = get(f"{base}/{collection}", limit=500, offset=offset)
        (name,) = body
        for each in body[name]:
            assert each["sourcedId"] not in seen, "an object came twice"
            seen.add(each["sourcedId"])
            yield each
        if len(body[name]) < 500:
            return
        offset += 500


def _schools(orgs: Iterable[Object]) -> Iterator[tuple[str, str]]:
    for each in orgs:
        _check(each, _COMMON | {"name", "type", "identifier"}, {"parent", "children"})
        if each["type"] == "school":
            yield each["sourcedId"], each["name"]


def _roster_person(each: Object, schools: Mapping[str, str], has_roles: bool) -> Record:
    own = {"roles", "primaryOrg"} if has_roles else {"role", "orgs"}
    names = {"username", "enabledUser", "givenName", "familyName", "email", *own}
    _check(each, _COMMON | names, {"phone"})
    assert each["username"] == each["email"]
    if has_roles:
        for one in each["roles"]:
            _check(one, {"roleType", "role", "org"})
        (role,) = {one["role"] for one in each["roles"]}
        orgs = [one["org"] for one in each["roles"]]
        assert each["primaryOrg"] == orgs[0]
    else:
        role, orgs = each["role"], each["orgs"]
    assert each["enabledUser"] == ("true" if each["status"] == "active" else "false")
    return {
        "given_name": each["givenName"], "family_name": each["familyName"],
        "login": each["username"], "role": role, "active": _is_active(each),
        "phone": each.get("phone"), "schools": frozenset(schools[_id(one)] for one in orgs),
    }  # fmt: skip


def _roster_group(
    each: Object, schools: Mapping[str, str], years: Mapping[str, str], courses: Mapping[str, str]
) -> Record:
    _check(each, _COMMON | {"title", "classType", "course", "school", "terms", "subjects"})
    (term,), (subject,) = each["terms"], each["subjects"]
    assert courses[_id(each["course"])] == subject
    return {
        "name": each["title"], "subject": subject, "school": schools[_id(each["school"])],
        "school_year": years[_id(term)], "active": _is_active(each),
    }  # fmt: skip


def _is_active(each: Object) -> bool:
    assert each["status"] in ("active", "tobedeleted")
    return bool(each["status"] == "active")


def _id(reference: Object) -> str:
    _check(reference, _REFERENCE)
    return str(reference["sourcedId"])


# CSV


def csv_files(folder: Path) -> Picture:
    """The five files. Everybody in them is active: that is what being in them says."""
    assert {each.name for each in folder.iterdir()} == _CSV.keys()
    orgs = {
        each["sourcedId"]: each["name"]
        for each in _rows(folder, "orgs.csv")
        if each["type"] == "school"
    }
    roles: dict[str, set[str]] = {}
    schools: dict[str, set[str]] = {}
    primary: list[str] = []
    for each in _rows(folder, "roles.csv", empty=("sessionSourcedId", "grade")):
        roles.setdefault(each["userSourcedId"], set()).add(each["role"])
        schools.setdefault(each["userSourcedId"], set()).add(orgs[each["orgSourcedId"]])
        primary += [each["userSourcedId"]] if each["isPrimary"] == "true" else []
    assert sorted(primary) == sorted(roles), "everybody has one primary role"
    picture = Picture()
    for each in _rows(folder, "users.csv", empty=("activeDirectoryMatchId", "sms")):
        assert each["username"] == each["email"]
        (role,) = roles[each["sourcedId"]]
        picture.people[each["sourcedId"]] = {
            "given_name": each["givenName"], "family_name": each["familyName"],
            "login": each["username"], "role": role, "active": True,
            "phone": each["phone"] or None, "schools": frozenset(schools[each["sourcedId"]]),
        }  # fmt: skip
    assert roles.keys() == picture.people.keys()
    without = ("sessionSourcedIds", "courseSourcedId", "code")
    for each in _rows(folder, "classes.csv", empty=without):
        school = orgs[each["orgSourcedId"]]
        picture.groups[each["sourcedId"]] = {
            "name": each["title"], "school": school, "active": True,
        }  # fmt: skip
    for each in _rows(folder, "enrollments.csv"):
        pair = each["classSourcedId"], each["userSourcedId"]
        assert pair not in picture.memberships
        picture.memberships[pair] = {"role": each["role"]}
    return picture


def _rows(folder: Path, name: str, empty: tuple[str, ...] = ()) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert reader.fieldnames == _CSV[name]
    assert not any(each[column] for each in rows for column in empty)
    return rows


def _check(each: Object, names: Collection[str], optional: Collection[str] = ()) -> bool:
    """Every name is there, and no other one but the optional ones; values are never empty."""
    needed, allowed = set(names), {*names, *optional}
    assert each.keys() >= needed, f"missing: {sorted(needed - each.keys())}"
    assert each.keys() <= allowed, f"beyond the closed list: {sorted(each.keys() - allowed)}"
    assert all(value not in (None, "", [], {}) for value in each.values())
    return True


# The register's own files, which no door reads

Tables = dict[str, list[dict[str, str]]]
"""The rows of each file by its name, under headers in lower case."""


def tables(export: Path, encoding: str) -> Tables:
    found: Tables = {}
    for each in export.glob("*.csv"):
        with each.open(encoding=encoding, newline="") as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        found[each.stem] = [
            {name.lower().replace("ł", "l"): value for name, value in row.items()} for row in rows
        ]
    return found


@dataclass(frozen=True)
class Register:
    """Whom the files hold: the schools of people and groups by key, who is there now, and who is in
    which group. Whoever was in earlier files only keeps the schools that these said.
    """

    schools: Mapping[str, frozenset[str]]
    present: frozenset[str]
    pairs: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, files: Tables, only_school: str = "", earlier: Register | None = None) -> Register:
        """``only_school`` is that of files without such a column."""
        places: dict[str, frozenset[str]] = {}
        for name in ("uczniowie", "pracownicy", "grupy"):
            for row in files[name]:
                place = row.get("szkola", only_school)
                places[row["klucz"]] = places.get(row["klucz"], frozenset()) | {place}
        before = earlier.schools if earlier else {}
        pairs = frozenset((row["grupa"], row["osoba"]) for row in files["przydzialy"])
        return cls({**before, **places}, frozenset(places), pairs)

    def whole(self, told: Picture, publishing: Iterable[str]) -> Picture:
        """What SCIM told and the schools of everybody, once it was held against the files."""
        served = frozenset(publishing)
        here = {key: places & served for key, places in self.schools.items() if places & served}
        records = {**told.people, **told.groups}
        keys = {id: each["key"] for id, each in records.items()}
        assert sorted(keys.values()) == sorted(here)
        for each in records.values():
            assert each["active"] == (each["key"] in self.present), each["key"]
        assert {(keys[group], keys[person]) for group, person in told.memberships} == {
            pair for pair in self.pairs if here.keys() >= set(pair)
        }
        people = {id: {**each, "schools": here[each["key"]]} for id, each in told.people.items()}
        return replace(told, people=people)
