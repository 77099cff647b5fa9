"""The objects of both versions, made of what the store has: the closed list of attributes.

What isn't written here never leaves by this door. A value that the register hasn't got is absent.
"""

from __future__ import annotations

from typing import Any

from scim_server.directory.roster_records import Class, Enrolment, Person, Whole
from scim_server.oneroster.versions import Version

Object = dict[str, Any]


class Objects:
    """Makes the objects of one unit in one version; ``base`` is the address that they refer to."""

    def __init__(self, version: Version, base: str, whole: Whole) -> None:
        self._version, self._base, self._whole = version, base, whole
        self._schools = {each.key: self.reference("orgs", each.id, "org") for each in whole.schools}
        self._courses: dict[str, Object] = {}
        self._terms: dict[str, Object] = {}

    def reference(self, collection: str, id: str, kind: str) -> Object:
        """What stands for another object (1.1 §4.7 ``GUIDRef``)."""
        return {"href": f"{self._base}/{collection}/{id}", "sourcedId": id, "type": kind}

    def person(self, person: Person) -> Object:
        """A pupil or an employee. The e-mail address is the login, as Microsoft matches by it."""
        name = person.document["name"]
        made = {
            **head(person.id, person.active, person.edited),
            "username": person.login,
            "enabledUser": "true" if person.active else "false",
            "givenName": name["givenName"],
            "familyName": name["familyName"],
            **self._places(person),
            "email": person.login,
        }
        if person.is_pupil and (phones := person.document.get("phoneNumbers")):
            made["phone"] = phones[0]["value"]
        return made

    def _places(self, person: Person) -> Object:
        role = _role(person.is_pupil)
        orgs = [self._schools[key] for key in person.schools]
        if not self._version.has_roles:
            return {"role": role, "orgs": orgs}
        # Each org has one role of the person, which is the primary one there (1.2 RoleDType).
        roles = [{"roleType": "primary", "role": role, "org": org} for org in orgs]
        return {"roles": roles, "primaryOrg": orgs[0]}

    def class_(self, group: Class) -> Object:
        """A subject group."""
        subject = group.document[_GROUP]["subject"]
        return {
            **head(group.id, group.active, group.edited),
            "title": group.document["displayName"],
            "classType": "scheduled",
            "course": self._course_of(group.subject),
            "school": self._schools[group.schools[0]],
            "terms": [self._term_of(group.year)],
            "subjects": [subject],
        }

    def _course_of(self, subject: str) -> Object:
        if subject not in self._courses:
            id = self._whole.subject_id(subject)
            self._courses[subject] = self.reference("courses", id, "course")
        return self._courses[subject]

    def _term_of(self, year: str) -> Object:
        if year not in self._terms:
            id = self._whole.term_id(year)
            self._terms[year] = self.reference("terms", id, "academicSession")
        return self._terms[year]

    def enrollment(self, enrolment: Enrolment) -> Object:
        """A membership. Nothing is known of its dates, nor whether a teacher is the first one."""
        id = enrollment_id(enrolment)
        return {
            **head(id, enrolment.active, enrolment.dated),
            "role": _role(enrolment.is_pupil),
            "primary": "false",
            "user": self.reference("users", enrolment.person_id, "user"),
            "class": self.reference("classes", enrolment.class_id, "class"),
            "school": self._schools[enrolment.school],
        }


_GROUP = "urn:scim-server:schemas:uonet:1.0:Group"


def enrollment_id(enrolment: Enrolment) -> str:
    """The ids of the class and of the person, by a full stop: stable, and 73 characters long."""
    return f"{enrolment.class_id}.{enrolment.person_id}"


def told_time(stamp: str) -> str:
    """A stamp as OneRoster writes a time, in milliseconds."""
    return f"{stamp[:23]}Z"


def head(id: str, active: bool, edited: str) -> Object:
    """What every object begins with."""
    return {
        "sourcedId": id,
        "status": "active" if active else "tobedeleted",
        "dateLastModified": told_time(edited),
    }


def _role(is_pupil: bool) -> str:
    return "student" if is_pupil else "teacher"
