"""The members that the specification gives each object: what ``fields`` may name.

Most are never sent. Who names one of those isn't mistaken, and gets the objects without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scim_server.errors import InvalidSelection
from scim_server.oneroster.versions import Version

_EVERY = frozenset(("sourcedId", "status", "dateLastModified", "metadata"))
_USER = _EVERY | {
    "username", "userIds", "enabledUser", "givenName", "familyName", "middleName", "identifier",
    "email", "sms", "phone", "agents", "grades", "password",
}  # fmt: skip
_USER_OF_ONE_ROLE = _USER | {"role", "orgs"}
_USER_OF_ROLES = _USER | {
    "userMasterIdentifier", "preferredFirstName", "preferredMiddleName", "preferredLastName",
    "pronouns", "roles", "userProfiles", "primaryOrg", "resources",
}  # fmt: skip
_ORG = _EVERY | {"name", "type", "identifier", "parent", "children"}
_SESSION = _EVERY | {
    "title", "startDate", "endDate", "type", "parent", "children", "schoolYear",
}  # fmt: skip
_OTHERS = {
    "orgs": _ORG,
    "schools": _ORG,
    "academicSessions": _SESSION,
    "terms": _SESSION,
    "gradingPeriods": _SESSION,
    "courses": _EVERY | {
        "title", "schoolYear", "courseCode", "grades", "subjects", "org", "subjectCodes",
        "resources",
    },
    "classes": _EVERY | {
        "title", "classCode", "classType", "location", "grades", "subjects", "course", "school",
        "terms", "subjectCodes", "periods", "resources",
    },
    "enrollments": _EVERY | {
        "user", "class", "school", "role", "primary", "beginDate", "endDate",
    },
}  # fmt: skip


def members(version: Version, collection: str) -> frozenset[str]:
    """What an object of the collection may have."""
    if collection in ("users", "students", "teachers"):
        return _USER_OF_ROLES if version.has_roles else _USER_OF_ONE_ROLE
    return _OTHERS[collection]


def check_selection(asked: Iterable[str], known: frozenset[str]) -> frozenset[str] | None:
    """The members to show, or none for all of them.

    Raises :class:`~scim_server.errors.InvalidSelection` for one that isn't there.
    """
    chosen = frozenset(asked)
    if not chosen:
        return None
    for each in sorted(chosen - known):
        name = each if re.fullmatch("[A-Za-z.]{1,40}", each) else "of that name"
        raise InvalidSelection(f"There is no field {name} here.")
    return chosen
