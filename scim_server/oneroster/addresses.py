"""What each address below a base names. The table is that of the specification (1.1 §3.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NESTED: Mapping[str, tuple[str, ...]] = {
    "schools": ("classes", "enrollments", "students", "teachers", "terms", "courses"),
    "classes": ("students", "teachers"),
    "terms": ("classes", "gradingPeriods"),
    "courses": ("classes",),
    "students": ("classes",),
    "teachers": ("classes",),
    "users": ("classes",),
}
_PART = re.compile(r"[A-Za-z0-9.-]{1,255}")
"""No object has an id of other characters, and not every database could look for one."""

_IN_CLASS_OF_SCHOOL = ("students", "teachers", "enrollments")

COLLECTIONS: Mapping[str, str] = {
    "orgs": "org", "schools": "org", "academicSessions": "academicSession",
    "terms": "academicSession", "gradingPeriods": "academicSession", "courses": "course",
    "classes": "class", "users": "user", "students": "user", "teachers": "user",
    "enrollments": "enrollment",
}  # fmt: skip
"""Each collection, with the name that one of its objects is wrapped in."""

DEMOGRAPHICS = "demographics"


@dataclass(frozen=True, slots=True)
class Target:
    """A collection, or the one object of it with ``id``; ``within`` holds the ids of the objects,
    by collection, that the answer is kept to.
    """

    collection: str
    id: str | None = None
    within: Mapping[str, str] = field(default_factory=dict)

    @property
    def wrapper(self) -> str:
        """The member of the answer that holds the objects, or the object."""
        if self.id is not None:
            return COLLECTIONS[self.collection]
        return _PLURALS[COLLECTIONS[self.collection]]

    @property
    def pattern(self) -> str:
        """The address without the ids in it."""
        parts = [*(f"{collection}/<id>" for collection in self.within), self.collection]
        return "/".join(parts if self.id is None else [*parts, "<id>"])


_PLURALS = {
    "org": "orgs", "academicSession": "academicSessions", "course": "courses", "class": "classes",
    "user": "users", "enrollment": "enrollments",
}  # fmt: skip


def target(path: str) -> Target | None:
    """What ``path`` names, or none."""
    parts = path.split("/")
    if not all(map(_PART.fullmatch, parts)) or parts[0] not in (*COLLECTIONS, DEMOGRAPHICS):
        return None
    match parts:
        case [collection]:
            return Target(collection)
        case [collection, id]:
            return Target(collection, id)
        case [collection, id, nested] if nested in _NESTED.get(collection, ()):
            return Target(nested, within={collection: id})
        case ["schools", school, "classes", group, nested] if nested in _IN_CLASS_OF_SCHOOL:
            return Target(nested, within={"schools": school, "classes": group})
    return None
