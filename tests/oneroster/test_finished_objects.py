"""Objects that are put together of finished parts say what the store says, whatever it is."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_server.directory.roster_records import Class, Enrolment, Person, School, Whole
from scim_server.oneroster.objects import Objects
from scim_server.oneroster.versions import VERSIONS, Version

NAMESPACE = "00" * 16
WHOLE = Whole(
    1, "u", "unit", NAMESPACE, "", 0,
    (School(1, "s-1", "SP 1", ""), School(2, "s-2", "SP 2", "")),
)  # fmt: skip
BASE = "https://scim.example.pl/unit/ims"
EDITED = "2026-11-24T12:00:00.250999Z"
HEAD = {"sourcedId": "id", "status": "active", "dateLastModified": "2026-11-24T12:00:00.250Z"}
SPITEFUL = (
    'a"b', "back\\slash", 'x","givenName":"y', '"familyName":"z"', "}", "\\", '\\"', "\u2028😀\x7f",
)  # fmt: skip
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.sampled_from(SPITEFUL)


def read(made: Any) -> dict[str, Any]:
    """An object as a client reads it."""
    found: dict[str, Any] = orjson.loads(orjson.dumps(made))
    return found


def head_of(document: dict[str, Any]) -> bytes:
    """A document as the store keeps it."""
    return orjson.dumps(document)[:-1]


def person_of(family: str, given: str, login: str, phone: str | None, **other: Any) -> Person:
    name = {"formatted": f"{given} {family}", "familyName": family, "givenName": given}
    document: dict[str, Any] = {"userName": login, "name": name, "displayName": given}
    if phone is not None:
        document["phoneNumbers"] = [{"value": phone, "type": "mobile"}]
    document["emails"] = [{"value": given, "type": "home"}]
    told = {"active": True, "user_type": "student", "schools": (1, 2), **other}
    return Person(7, "id", EDITED, login=login, head=head_of(document), **told)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
@given(family=texts, name=texts, login=texts, phone=st.none() | texts)
def test_a_person_is_what_the_document_says(
    version: Version, family: str, name: str, login: str, phone: str | None
) -> None:
    """Red when a text ends at the first quote in it, or a login isn't written as JSON."""
    made = read(Objects(version, BASE, WHOLE).person(person_of(family, name, login, phone)))
    for member in ("role", "orgs", "roles", "primaryOrg"):
        made.pop(member, None)
    assert made == {
        **HEAD, "username": login, "enabledUser": "true", "givenName": name, "familyName": family,
        "email": login, **({} if phone is None else {"phone": phone}),
    }  # fmt: skip


def test_the_phone_of_an_employee_is_not_told() -> None:
    """Red when ``is_pupil`` isn't asked."""
    person = person_of("Nowak", "Adam", "adam", "+48600100200", user_type="employee", active=False)
    made = read(Objects(VERSIONS[0], BASE, WHOLE).person(person))
    assert "phone" not in made
    assert (made["status"], made["enabledUser"]) == ("tobedeleted", "false")


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_people_of_other_schools_or_roles_share_no_part(version: Version) -> None:
    """Red when the parts are kept by role or by schools alone."""
    objects = Objects(version, BASE, WHOLE)
    asked = [(kind, at) for kind in ("student", "employee") for at in ((1,), (2,), (1, 2))]
    for kind, schools in [*asked, *asked]:
        person = person_of("Nowak", "Adam", "adam", None, user_type=kind, schools=schools)
        made = read(objects.person(person))
        role = "student" if kind == "student" else "teacher"
        told = [{**each, "org": each["org"]["sourcedId"]} for each in made.get("roles", [])]
        if version.has_roles:
            assert [(each["role"], each["org"]) for each in told] == [
                (role, f"s-{key}") for key in schools
            ]
            assert made["primaryOrg"]["sourcedId"] == f"s-{schools[0]}"
        else:
            assert made["role"] == role
            assert [each["sourcedId"] for each in made["orgs"]] == [f"s-{key}" for key in schools]


@given(title=texts, subject=texts)
def test_a_class_is_what_the_document_says(title: str, subject: str) -> None:
    """Red when a text ends at the first quote in it."""
    extension = {"subject": subject, "classes": [title], "school": subject, "active": True}
    head = head_of({"externalId": title, "displayName": title, "urn:x:Group": extension})
    group = Class(7, "id", EDITED, True, subject.lower(), "2026/27", head, (2,))
    made = read(Objects(VERSIONS[0], BASE, WHOLE).class_(group))
    course, term = WHOLE.subject_id(subject.lower()), WHOLE.term_id("2026/27")
    refer = {
        "course": ("courses", course, "course"), "school": ("orgs", "s-2", "org"),
        "term": ("terms", term, "academicSession"),
    }  # fmt: skip
    told = {
        name: {"href": f"{BASE}/{place}/{id}", "sourcedId": id, "type": kind}
        for name, (place, id, kind) in refer.items()
    }
    assert made == {
        **HEAD, "title": title, "classType": "scheduled", "course": told["course"],
        "school": told["school"], "terms": [told["term"]], "subjects": [subject],
    }  # fmt: skip


def test_enrolments_of_two_classes_share_no_part() -> None:
    """Red when the part of the first class is told of the next."""
    objects = Objects(VERSIONS[0], BASE, WHOLE)
    for id, school, kind, active in (
        ("c-1", 1, "student", True), ("c-2", 2, "employee", False), ("c-1", 1, "student", True),
    ):  # fmt: skip
        made = read(objects.enrollment(Enrolment(1, 2, "p", EDITED, kind, active, id, school)))
        assert made == {
            "sourcedId": f"{id}p", "status": "active" if active else "tobedeleted",
            "dateLastModified": HEAD["dateLastModified"],
            "role": "student" if kind == "student" else "teacher", "primary": "false",
            "user": {"href": f"{BASE}/users/p", "sourcedId": "p", "type": "user"},
            "class": {"href": f"{BASE}/classes/{id}", "sourcedId": id, "type": "class"},
            "school": {"href": f"{BASE}/orgs/s-{school}", "sourcedId": f"s-{school}",
                       "type": "org"},
        }  # fmt: skip
