"""The objects of both versions, made of what the store has: the closed list of attributes.

What isn't written here never leaves by this door. A value that the register hasn't got is absent.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from scim_server.directory.roster_records import PUPIL, Class, Enrolment, Person, Whole
from scim_server.oneroster.versions import Version

Object = dict[str, Any]
Finished = orjson.Fragment
"""An object that is JSON already."""
Shown = Object | Finished


class Objects:
    """Makes the objects of one unit in one version; ``base`` is the address that they refer to.

    People, classes and enrolments are asked for by thousands: they are put together of finished
    parts, so that nothing is built for each of them only to be written and thrown away.
    """

    def __init__(self, version: Version, base: str, whole: Whole) -> None:
        self._version, self._base, self._whole = version, base, whole
        self._schools = {each.key: self.reference("orgs", each.id, "org") for each in whole.schools}
        self._parts: dict[Any, bytes] = {}
        self._of_classes: dict[str, str] = {}
        self._users = orjson.dumps(f"{base}/users/").decode()[:-1]

    def reference(self, collection: str, id: str, kind: str) -> Object:
        """What stands for another object (1.1 §4.7 ``GUIDRef``)."""
        return {"href": f"{self._base}/{collection}/{id}", "sourcedId": id, "type": kind}

    def person(self, person: Person) -> Finished:
        """A pupil or an employee. The e-mail address is the login, as Microsoft matches by it."""
        _, id, edited, active, user_type, login, head, schools = person
        places = self._parts.get((user_type, schools))
        if places is None:
            places = self._parts[user_type, schools] = orjson.dumps(self._places(person))[1:-1]
        email = orjson.dumps(login)
        names = _found(_NAMES, head)
        phone = _PHONE.search(head, names.end()) if person.is_pupil else None
        return Finished(
            b"".join(
                (
                    _head(id, active, edited), b',"username":', email,
                    b',"enabledUser":"true"' if active else b',"enabledUser":"false"',
                    b',"givenName":', names[2], b',"familyName":', names[1], b",", places,
                    b',"email":', email, b',"phone":%b}' % phone[1] if phone else b"}",
                )
            )
        )  # fmt: skip

    def _places(self, person: Person) -> Object:
        role = _role(person.is_pupil)
        orgs = [self._schools[key] for key in person.schools]
        if not self._version.has_roles:
            return {"role": role, "orgs": orgs}
        # Each org has one role of the person, which is the primary one there (1.2 RoleDType).
        roles = [{"roleType": "primary", "role": role, "org": org} for org in orgs]
        return {"roles": roles, "primaryOrg": orgs[0]}

    def class_(self, group: Class) -> Finished:
        """A subject group."""
        _, id, edited, active, subject, year, head, schools = group
        taught = self._parts.get((subject, year, schools))
        if taught is None:
            taught = self._parts[subject, year, schools] = orjson.dumps(self._taught(group))[1:-1]
        return Finished(
            b"".join(
                (
                    _head(id, active, edited), b',"title":', _found(_TITLE, head)[1],
                    b',"classType":"scheduled",', taught,
                    b',"subjects":[', _found(_SUBJECT, head)[1], b"]}",
                )
            )
        )  # fmt: skip

    def _taught(self, group: Class) -> Object:
        course = self._whole.subject_id(group.subject)
        term = self._whole.term_id(group.year)
        return {
            "course": self.reference("courses", course, "course"),
            "school": self._schools[group.schools[0]],
            "terms": [self.reference("terms", term, "academicSession")],
        }

    def enrollment(self, enrolment: Enrolment) -> Finished:
        """A membership. Nothing is known of its dates, nor whether a teacher is the first one."""
        _, _, person, dated, user_type, active, id, _ = enrolment
        of_class = self._of_classes.get(id)
        if of_class is None:
            of_class = self._of_classes[id] = self._of_class(enrolment)
        return Finished(
            f'{{"sourcedId":"{id}{person}","status":"{_status(active)}",'
            f'"dateLastModified":"{dated[:23]}Z","role":"{_role(user_type == PUPIL)}",'
            f'"primary":"false","user":{{"href":{self._users}{person}","sourcedId":"{person}",'
            f'"type":"user"}},{of_class}}}'
        )

    def _of_class(self, enrolment: Enrolment) -> str:
        made = {
            "class": self.reference("classes", enrolment.class_id, "class"),
            "school": self._schools[enrolment.school],
        }
        return orjson.dumps(made)[1:-1].decode()


# Within a text of JSON a quote has a backslash before it: a name that stands in quotes and before a
# colon is a member's. The order of members is that in which a register publishes them.
_TEXT = rb'("[^"\\]*(?:\\.[^"\\]*)*")'
_NAMES = re.compile(rb'"familyName":' + _TEXT + rb',"givenName":' + _TEXT)
_PHONE = re.compile(rb'"phoneNumbers":\[\{"value":' + _TEXT)
_TITLE = re.compile(rb'"displayName":' + _TEXT)
_SUBJECT = re.compile(rb'"subject":' + _TEXT)


def _found(members: re.Pattern[bytes], head: bytes) -> re.Match[bytes]:
    """Members that every document of the kind has, each value as the JSON that the store has."""
    found = members.search(head)
    assert found is not None, f"every document has {members.pattern!r}"
    return found


def told_time(stamp: str) -> str:
    """A stamp as OneRoster writes a time, in milliseconds."""
    return f"{stamp[:23]}Z"


def head(id: str, active: bool, edited: str) -> Object:
    """What every object begins with."""
    return {
        "sourcedId": id,
        "status": _status(active),
        "dateLastModified": told_time(edited),
    }


def _head(id: str, active: bool, edited: str) -> bytes:
    """The same as JSON that goes on."""
    return (
        f'{{"sourcedId":"{id}","status":"{_status(active)}",'
        f'"dateLastModified":"{told_time(edited)}"'
    ).encode()


def _status(active: bool) -> str:
    return "active" if active else "tobedeleted"


def _role(is_pupil: bool) -> str:
    return "student" if is_pupil else "teacher"
