"""What the objects say: Microsoft's rules for them, both versions, and nothing besides."""

from __future__ import annotations

import re

import pytest

from tests.oneroster.rosters import BASES, GOOGLE, SDS, WRAPPERS, Roster
from tests.school import EMPLOYEES, PUPILS, World

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

MEMBERS = {
    "orgs": {"name", "type", "identifier", "parent", "children"},
    "academicSessions": {"title", "startDate", "endDate", "type", "schoolYear", "parent",
                         "children"},
    "courses": {"title", "courseCode", "org", "subjects"},
    "classes": {"title", "classType", "course", "school", "terms", "subjects"},
    "enrollments": {"role", "primary", "user", "class", "school"},
    "users": {"username", "enabledUser", "givenName", "familyName", "email", "phone"},
}  # fmt: skip
COMMON = {"sourcedId", "status", "dateLastModified"}


@pytest.mark.parametrize("base", BASES)
def test_nothing_beyond_the_closed_list_leaves(world: World, base: str) -> None:
    """Red when a serialiser copies an attribute that isn't in its list, as the pupil's own e-mail
    address, the register's key, or a phone number of an employee.
    """
    roster = Roster(world, base)
    own = {"role", "orgs"} if base == SDS else {"roles", "primaryOrg"}
    for path, wrapper in WRAPPERS.items():
        known = COMMON | MEMBERS[wrapper] | (own if wrapper == "users" else set())
        for each in roster.page(path):
            assert each.keys() <= known, path
            assert each.keys() >= COMMON
        text = roster.get(path).get_data(as_text=True)
        for canary in ("dom.local", "example.com", "U-1", "P-1", "G-1", "externalId", "grades",
                       "identifier", "2A", "pesel"):  # fmt: skip
            is_own = (canary, wrapper) in (("2A", "classes"), ("identifier", "orgs"))
            assert canary not in text or is_own, (path, canary)


@pytest.mark.parametrize("base", BASES)
def test_people_keep_to_what_microsoft_takes(world: World, base: str) -> None:
    """Red when a login isn't folded, a phone isn't E.164, or an absent one is empty."""
    world.import_files(
        pupils=PUPILS.replace("jan.zolc", "Jan.Zolc"),
        employees=EMPLOYEES.replace("adam.nowak", "Adam.NOWAK"),
    )
    people = Roster(world, base).page("users")
    assert len(people) == 7
    for each in people:
        assert each["email"] == each["username"] == each["username"].lower()
        assert each["email"].endswith("@sp12.example.pl")
        assert each["enabledUser"] in ("true", "false")
        assert each["status"] in ("active", "tobedeleted")
        assert TIME.fullmatch(each["dateLastModified"])
        assert E164.fullmatch(each.get("phone", "+48600100200"))
        assert all(each.values())
    assert sorted(each["phone"] for each in people if "phone" in each) == [
        "+48600100201", "+48600100203",
    ]  # fmt: skip


def test_a_role_stands_once_in_1_1_and_at_each_org_in_1_2(world: World) -> None:
    teacher, pupil = (Roster(world).id_of(key) for key in ("P-1", "U-1"))
    schools = [each["sourcedId"] for each in Roster(world).page("schools")]
    old, new = (Roster(world, base).one(f"users/{teacher}") for base in (SDS, GOOGLE))
    assert old["role"] == "teacher"
    assert [each["sourcedId"] for each in old["orgs"]] == schools
    assert [
        (each["roleType"], each["role"], each["org"]["sourcedId"]) for each in new["roles"]
    ] == [
        ("primary", "teacher", schools[0]),
        ("primary", "teacher", schools[1]),
    ]
    assert new["primaryOrg"]["sourcedId"] == schools[0]
    assert Roster(world).one(f"users/{pupil}")["role"] == "student"


@pytest.mark.parametrize("base", BASES)
def test_every_reference_leads_to_what_it_names(world: World, base: str) -> None:
    """Red when an id is derived from something else than the object's own is."""
    roster = Roster(world, base)
    place = f"{world.settings.public_url}/sp12/{base}/"
    seen = set()
    for path in ("orgs", "academicSessions", "courses", "classes", "users", "enrollments"):
        for each in roster.page(path):
            for value in each.values():
                listed = value if isinstance(value, list) else [value]
                for one in listed:
                    if isinstance(one, dict) and "href" not in one:
                        one = one["org"]
                    if isinstance(one, dict):
                        seen.add((one["href"], one["sourcedId"], one["type"]))
    assert {kind for _, _, kind in seen} == {"org", "academicSession", "course", "class", "user"}
    for href, id, _ in seen:
        assert href.startswith(place)
        assert roster.one(href.removeprefix(place))["sourcedId"] == id


@pytest.mark.parametrize("base", BASES)
def test_a_section_nick_name_has_nothing_but_letters_and_digits(world: World, base: str) -> None:
    """School Data Sync names a class's group ``Section_`` and the class's id, and lists any other
    character, white space too, among its errors. Entra takes 64. Red when ``roster_ids`` is the
    column as it is.
    """
    roster = Roster(world, base)
    for path in WRAPPERS:
        length = 64 if path == "enrollments" else 32
        for each in roster.page(path):
            assert re.fullmatch(f"[0-9a-f]{{{length}}}", each["sourcedId"]), path


def test_the_ids_of_scim_with_their_hyphens_are_no_ids_of_a_roster(world: World) -> None:
    """One thing has one name here, or what a client keeps by it would be there twice. Red when
    ``as_stored`` leaves out the hyphens that it is given.
    """
    roster, id = Roster(world), world.id_of("U-1")
    assert roster.one(f"users/{roster.id_of('U-1')}")["sourcedId"] == id.replace("-", "")
    assert roster.get(f"users/{id}").status_code == 404
    assert roster.page("users", filter=f"sourcedId='{id}'") == []
    assert roster.page("enrollments", filter=f"user.sourcedId='{id}'") == []
    assert roster.page("users", filter="sourcedId~'-'") == []


def test_a_school_year_runs_from_september_to_august_with_one_term(world: World) -> None:
    year, term = Roster(world).page("academicSessions")
    for each in (year, term):
        assert each["startDate"] == "2026-09-01"
        assert each["schoolYear"] == "2027"
    assert (year["type"], term["type"]) == ("schoolYear", "term")
    assert term["parent"]["sourcedId"] == year["sourcedId"]
    assert [each["sourcedId"] for each in year["children"]] == [term["sourcedId"]]
    assert Roster(world).page("gradingPeriods") == []


def test_the_unit_is_a_district_of_the_schools_that_publish(world: World) -> None:
    """Red when a school that doesn't publish is told of."""
    district, *schools = Roster(world).page("orgs")
    assert (district["type"], district["name"]) == ("district", "sp12")
    assert [each["name"] for each in schools] == ["SP 12", "LO 3"]
    world.decide("SP 12", False)
    roster = Roster(world)
    assert [each["name"] for each in roster.page("orgs")] == ["sp12", "LO 3"]
    assert roster.get(f"orgs/{schools[0]['sourcedId']}").status_code == 404
    assert "SP 12" not in "".join(roster.get(path).get_data(as_text=True) for path in WRAPPERS)


def test_what_is_given_is_noted_and_what_head_tells_is_not(world: World) -> None:
    """Red when ``_note`` isn't called, or is called for HEAD."""
    noted: list[list[int]] = []
    roster = Roster(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "scim_server.audit.disclosures.Disclosures.note",
            lambda _self, _unit, _client, seqs, **_: noted.append(list(seqs)),
        )
        for path, count in (("users", 7), ("classes", 3), ("enrollments", 10), ("orgs", 0)):
            roster.get(path)
            assert len(noted.pop()) == count, path
            roster.get(path, "HEAD")
            assert noted == []
        roster.get(f"users/{roster.id_of('U-1')}")
        assert len(noted[-1]) == 1
