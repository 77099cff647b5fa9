"""What 1EdTech's documents want of every answer: addresses, members, their types and words.

Of 1.2 by its OpenAPI document, of 1.1 as far as its text is quoted in public.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from scim_server.oneroster.members import members
from scim_server.oneroster.versions import V1P1, V1P2
from tests.oneroster.rosters import BASES, GOOGLE, SDS, WRAPPERS, Roster
from tests.school import ASSIGNMENTS, GROUPS, PUPILS, World

DAY = re.compile(r"\d{4}-\d\d-\d\d")
REQUIRED = {
    "orgs": {"name", "type"},
    "academicSessions": {"title", "startDate", "endDate", "type", "schoolYear"},
    "courses": {"title", "courseCode"},
    "classes": {"title", "course", "school", "terms"},
    "enrollments": {"user", "class", "school", "role"},
    "users": {"enabledUser", "givenName", "familyName"},
}
ALSO_REQUIRED = {
    SDS: {"users": {"username", "role", "orgs"}, "classes": {"classType"}, "courses": {"org"}},
    GOOGLE: {"users": {"roles"}, "orgs": {"identifier"}},
}
WORDS: dict[str, set[str]] = {
    "status": {"active", "tobedeleted"},
    "enabledUser": {"true", "false"},
    "primary": {"true", "false"},
    "classType": {"homeroom", "scheduled"},
    "role": {"student", "teacher"},
    "roleType": {"primary"},
    "type": {"district", "school", "schoolYear", "term", "org", "academicSession", "course",
             "class", "user"},
}  # fmt: skip
NESTED = (
    "classes/{class}/students", "classes/{class}/teachers", "courses/{course}/classes",
    "schools/{school}/classes", "schools/{school}/classes/{class}/enrollments",
    "schools/{school}/classes/{class}/students", "schools/{school}/classes/{class}/teachers",
    "schools/{school}/courses", "schools/{school}/enrollments", "schools/{school}/students",
    "schools/{school}/teachers", "schools/{school}/terms", "students/{pupil}/classes",
    "teachers/{teacher}/classes", "terms/{term}/classes", "terms/{term}/gradingPeriods",
    "users/{pupil}/classes", "users/{teacher}/classes",
)  # fmt: skip
"""Every list that the specification nests in another object."""


def ids(world: World) -> dict[str, str]:
    """One of each, of the school SP 12."""
    roster = Roster(world)
    (school,) = roster.page("schools", filter="name='SP 12'")
    (course,) = roster.page("courses", filter="title='Matematyka'")
    return {
        "school": school["sourcedId"], "course": course["sourcedId"],
        "term": roster.page("terms")[0]["sourcedId"], "class": roster.id_of("G-1"),
        "pupil": roster.id_of("U-1"), "teacher": roster.id_of("P-1"),
    }  # fmt: skip


def parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Every member, of objects within objects too."""
    if isinstance(value, list):
        for each in value:
            yield from parts(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name, each
            yield from parts(each)


@pytest.fixture
def lived(world: World) -> World:
    """A school with something of every kind, also of what ended."""
    world.clock.move(minutes=5)
    world.import_files(
        pupils=PUPILS.replace("U-5;Piotr;Kowalski;piotr.kowalski;;;LO 3\n", ""),
        groups=GROUPS.replace("G-2;Język angielski;2A, 2B;JA_1;2026/2027;SP 12\n", ""),
        assignments="\n".join(
            each for each in ASSIGNMENTS.split("\n") if "G-2" not in each and "U-5" not in each
        ),
        choices={"allow_deactivations": True, "max_deactivated_percent": 90},
    )
    return world


@pytest.mark.parametrize("base", BASES)
def test_every_object_has_what_is_required_and_nothing_that_the_model_lacks(
    lived: World, base: str
) -> None:
    """Red when ``courseCode`` or an org's ``identifier`` isn't sent: readers that are made from
    the OpenAPI document refuse the whole page.
    """
    is_old = base == SDS
    also = ALSO_REQUIRED[SDS if is_old else GOOGLE]
    for path, kind in WRAPPERS.items():
        known = members(V1P1 if is_old else V1P2, path)
        for each in Roster(lived, base).page(path):
            required = {"sourcedId", "status", "dateLastModified"} | REQUIRED[kind]
            assert required | also.get(kind, set()) <= each.keys() <= known, path


@pytest.mark.parametrize("base", BASES)
def test_values_are_text_of_the_enumerations_and_dates(lived: World, base: str) -> None:
    """Red when a boolean is one in JSON, or a role or type isn't in the vocabulary."""
    for path in WRAPPERS:
        for name, value in parts(Roster(lived, base).page(path)):
            if name in WORDS:
                assert value in WORDS[name], (path, name)
            if name in ("startDate", "endDate"):
                assert DAY.fullmatch(value)
            if name == "schoolYear":
                assert re.fullmatch(r"\d{4}", value)
            assert isinstance(value, (str, list, dict)), (path, name)
            assert value not in ("", [], {}), (path, name)


@pytest.mark.parametrize("base", BASES)
def test_every_address_of_the_specification_answers(world: World, base: str) -> None:
    """Red when an address is missing from the table, or its answer is wrapped in another name."""
    roster, known = Roster(world, base), ids(world)
    for path in (*WRAPPERS, *(each.format(**known) for each in NESTED)):
        answer = roster.get(path)
        assert answer.status_code == 200, path
        assert list(answer.get_json()) == [WRAPPERS[path.rpartition("/")[2]]], path
        assert answer.headers["X-Total-Count"].isdigit()
    for path, wrapper in (
        ("orgs/{school}", "org"), ("schools/{school}", "org"), ("terms/{term}", "academicSession"),
        ("academicSessions/{term}", "academicSession"), ("courses/{course}", "course"),
        ("classes/{class}", "class"), ("users/{pupil}", "user"), ("students/{pupil}", "user"),
        ("teachers/{teacher}", "user"), ("enrollments/{class}{pupil}", "enrollment"),
    ):  # fmt: skip
        assert list(roster.get(path.format(**known)).get_json()) == [wrapper], path


def test_an_object_says_the_same_of_itself_at_every_address(world: World) -> None:
    """Red when a course or a term is made from the groups of one school alone: at the address of a
    school that teaches it no more it would be ``tobedeleted``, while others teach it.
    """
    world.clock.move(minutes=5)
    taught = GROUPS.replace("Język angielski", "Fizyka")
    world.import_files(groups=taught)
    world.clock.move(minutes=5)
    kept = taught.replace("G-3;Fizyka;1C;;2026/2027;LO 3\n", "")
    world.import_files(
        groups=kept,
        assignments="\n".join(each for each in ASSIGNMENTS.split("\n") if "G-3" not in each),
        choices={"allow_deactivations": True, "max_deactivated_percent": 90},
    )
    for base in (SDS, GOOGLE):
        roster = Roster(world, base)
        whole = {path: roster.all(path) for path in WRAPPERS}
        schools = [each["sourcedId"] for each in roster.page("schools")]
        known = ids(world)
        for school in schools:
            for path in NESTED:
                if school == known["school"] or "{class}" not in path:
                    listed = roster.page(path.format(**{**known, "school": school}))
                    for each in listed:
                        assert each == whole[path.rpartition("/")[2]][each["sourcedId"]], path
        (lo3,) = roster.page("schools", filter="name='LO 3'")
        listed = roster.page(f"schools/{lo3['sourcedId']}/courses")
        assert [(each["title"], each["status"]) for each in listed] == [("Fizyka", "active")]


def test_each_role_is_the_primary_one_of_its_org(world: World) -> None:
    """Red when the second org's role is ``secondary``: every org has one primary role of a person
    (1.2 RoleDType), and ``primaryOrg`` tells which of the orgs is the first.
    """
    for each in Roster(world, GOOGLE).page("users"):
        assert {role["roleType"] for role in each["roles"]} == {"primary"}
        assert each["primaryOrg"] == each["roles"][0]["org"]


def test_a_session_ends_on_the_day_after_its_last(world: World) -> None:
    """Red when ``endDate`` is the last day: it is excluded from the session."""
    for base in (SDS, GOOGLE):
        for each in Roster(world, base).page("academicSessions"):
            assert (each["startDate"], each["endDate"]) == ("2026-09-01", "2027-09-01")


@pytest.mark.parametrize("base", BASES)
def test_fields_may_name_whatever_the_model_has_and_get_what_is_published(
    world: World, base: str
) -> None:
    """Red when a member of the model that isn't published is refused: who asks for names, e-mail
    and grades gets the names and the e-mail.
    """
    roster = Roster(world, base)
    for path in WRAPPERS:
        named = ",".join(sorted(members(V1P1 if base == SDS else V1P2, path)))
        assert roster.page(path, fields=named) == roster.page(path)
    for each in roster.page("users", fields="givenName,grades,identifier,password,userIds"):
        assert each.keys() == {"givenName"}
    other = "roles" if base == SDS else "role"
    for name in ("birthDate", "pesel", "externalId", "Username", other):
        assert roster.get("users", fields=f"sourcedId,{name}").status_code == 400, name
