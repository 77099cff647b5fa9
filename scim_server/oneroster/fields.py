"""What may be asked of each kind of object: the fields that are served, and no others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import product

from scim_server.clock import stamp
from scim_server.directory.roster_conditions import Comparison, Condition
from scim_server.errors import InvalidFilter, InvalidPath
from scim_server.oneroster.filters import Filter, Predicate
from scim_server.oneroster.versions import Version

_COMMON = {name: name for name in ("sourcedId", "status", "dateLastModified")}
_PEOPLE = {
    **_COMMON,
    **{name: name for name in ("username", "enabledUser", "givenName", "familyName", "phone")},
    "email": "username",
}
_OF_ONE_ROLE = {**_PEOPLE, "role": "role", "orgs.sourcedId": "school"}
_OF_ROLES = {**_PEOPLE, "roles.role": "role", "roles.org.sourcedId": "school"}
CLASSES = {
    **_COMMON,
    **{name: name for name in ("title", "classType", "subjects")},
    "course.sourcedId": "course",
    "school.sourcedId": "school",
    "terms.sourcedId": "term",
}
ENROLLMENTS = {
    **_COMMON,
    **{name: name for name in ("role", "primary")},
    "user.sourcedId": "user",
    "class.sourcedId": "class",
    "school.sourcedId": "school",
}

_TIME = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+ -]\d\d:?\d\d)?)?", re.IGNORECASE
)

_LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""Later times are taken for this one: nothing is dated so late, and a second has to follow it."""


def people_fields(version: Version) -> Mapping[str, str]:
    """The fields of a user as the protocol names them, and as the store does."""
    return _OF_ROLES if version.has_roles else _OF_ONE_ROLE


def condition_of(asked: Filter, fields: Mapping[str, str]) -> Condition:
    """The filter in the store's words.

    Raises :class:`~scim_server.errors.InvalidFilter` for a field that isn't there.
    """
    return tuple(tuple(_comparison(each, fields) for each in all_of) for all_of in asked)


def _comparison(asked: Predicate, fields: Mapping[str, str]) -> Comparison:
    field = fields.get(asked.field)
    if field is None:
        raise InvalidFilter(f"There is no field {asked.field} to filter by here.")
    value = time_of(asked.value) if field == "dateLastModified" else asked.value
    return Comparison(field, asked.operator, value)


def time_of(text: str) -> str:
    """A date or time as a stamp in whole milliseconds; one without an offset is in UTC.

    A plus sign that came as a space, as in a query string that wasn't encoded, is one again.
    """
    if _TIME.fullmatch(text):
        try:
            at = datetime.fromisoformat(text.upper().replace(" ", "+"))
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            return stamp(min(at.replace(microsecond=at.microsecond // 1000 * 1000), _LATEST))
        except (ValueError, OverflowError):
            pass
    raise InvalidFilter("dateLastModified is compared with a time such as 2026-09-01T02:00:00Z.")


def sort_of(name: str | None, fields: Mapping[str, str]) -> str | None:
    """Raises :class:`~scim_server.errors.InvalidPath` for a field that isn't there."""
    if name is None:
        return None
    if name not in fields:
        raise InvalidPath(f"There is no field {name} to sort by here.")
    return fields[name]


def within(**fields: str) -> Condition:
    """That each field of the store has the value given."""
    return tuple(product(*[[Comparison(name, "=", value)] for name, value in fields.items()]))
