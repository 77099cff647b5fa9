"""What each collection of a unit holds, and each list within an object of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter

from scim_server.directory.roster_conditions import EVERYTHING, Condition, both
from scim_server.directory.roster_records import Ask, Taught, Whole
from scim_server.directory.rosters import Rosters
from scim_server.errors import NotFound
from scim_server.oneroster import derived, fields
from scim_server.oneroster.addresses import Target
from scim_server.oneroster.choosing import choose
from scim_server.oneroster.objects import Object, Objects, Shown
from scim_server.oneroster.parameters import Parameters
from scim_server.oneroster.versions import Version

_ROLES = {"students": "student", "teachers": "teacher"}
_SESSION_TYPES = {"terms": "term", "gradingPeriods": "gradingPeriod"}
_KEPT = {
    "schools": "school", "classes": "class", "terms": "term", "courses": "course",
    "users": "person", "students": "person", "teachers": "person",
}  # fmt: skip
"""The field of the store by which a list is kept to an object of each collection."""
_FIRST, _SECOND = itemgetter(0), itemgetter(1)
"""The numbers of a person or class, and of both ends of an enrolment, as their records begin."""


class Reading:
    """One request's reading of one unit. ``given`` are the numbers of the resources shown."""

    def __init__(self, rosters: Rosters, version: Version, base: str, unit_id: int) -> None:
        self.base, self.version, self._rosters = base, version, rosters
        self._whole: Whole = rosters.whole(unit_id)
        self._objects = Objects(version, base, self._whole)
        self.given: set[int] = set()

    def one(self, collection: str, id: str) -> Shown | None:
        """The object of the collection with this id."""
        listed, _ = self._page(collection, Parameters(limit=1), EVERYTHING, only=id)
        return listed[0] if listed else None

    def page(self, found: Target, asked: Parameters) -> tuple[list[Shown], int]:
        """A page of the collection, kept to what its address names besides, and how many objects
        there are in all. Raises :class:`~scim_server.errors.NotFound` where that isn't there.
        """
        names = found.within
        for collection, id in names.items():
            if self.one(collection, id) is None:
                raise NotFound("There is no such object in this address.")
        self.given.clear()
        if found.collection in ("terms", "courses") and names:
            return self._page(found.collection, asked, EVERYTHING, school=names["schools"])
        kept = {_KEPT[collection]: id for collection, id in names.items()}
        if {"classes", "schools"} <= names.keys():
            self._check_class(names["classes"], names["schools"])
            if found.collection != "enrollments":  # a teacher of the class may be of another school
                del kept["school"]
        return self._page(found.collection, asked, fields.within(**kept))

    def _check_class(self, group: str, school: str) -> None:
        condition = fields.within(sourcedId=group, school=school)
        if not self._rosters.classes(self._whole, Ask(condition, 1))[0]:
            raise NotFound("There is no such object in this address.")

    def _page(
        self, collection: str, asked: Parameters, kept: Condition, *, only: str | None = None,
        school: str | None = None,
    ) -> tuple[list[Shown], int]:  # fmt: skip
        """Of what ``kept`` holds for; ``only`` the one with this id, and of what is derived, what
        is taught at ``school``.
        """
        if collection in ("users", "students", "teachers"):
            return self._people(collection, asked, _and_id(kept, only))
        if collection == "classes":
            return self._classes(asked, _and_id(kept, only))
        if collection == "enrollments":
            return self._enrollments(asked, _and_id(kept, only))
        listed, paths = self._derived(collection, school)
        if only is not None:
            listed = [each for each in listed if each["sourcedId"] == only.lower()]
        found, total = choose(listed, paths, asked)
        return [*found], total

    def _people(
        self, collection: str, asked: Parameters, kept: Condition
    ) -> tuple[list[Shown], int]:
        if collection in _ROLES:
            kept = both(kept, fields.within(role=_ROLES[collection]))
        ask = _ask(asked, fields.people_fields(self.version), kept)
        found, total = self._rosters.people(self._whole, ask)
        self.given.update(map(_FIRST, found))
        return [self._objects.person(each) for each in found], total

    def _classes(self, asked: Parameters, kept: Condition) -> tuple[list[Shown], int]:
        found, total = self._rosters.classes(self._whole, _ask(asked, fields.CLASSES, kept))
        self.given.update(map(_FIRST, found))
        return [self._objects.class_(each) for each in found], total

    def _enrollments(self, asked: Parameters, kept: Condition) -> tuple[list[Shown], int]:
        ask = _ask(asked, fields.ENROLLMENTS, kept)
        found, total = self._rosters.enrolments(self._whole, ask)
        self.given.update(map(_FIRST, found), map(_SECOND, found))
        return [self._objects.enrollment(each) for each in found], total

    def _derived(self, collection: str, school: str | None) -> tuple[list[Object], tuple[str, ...]]:
        if collection in ("orgs", "schools"):
            made = derived.orgs(self._whole, self._objects)
            if collection == "schools":
                made = [each for each in made if each["type"] == "school"]
            return made, derived.ORG_PATHS
        taught = self._rosters.taught(self._whole.unit_id)
        if collection == "courses":
            made = derived.courses(self._whole, taught, self._objects)
            return self._kept_to(school, taught, made), derived.COURSE_PATHS
        made = derived.sessions(self._whole, taught, self._objects)
        if collection in _SESSION_TYPES:
            made = [each for each in made if each["type"] == _SESSION_TYPES[collection]]
        return self._kept_to(school, taught, made), derived.SESSION_PATHS

    def _kept_to(
        self, school: str | None, taught: Sequence[Taught], made: list[Object]
    ) -> list[Object]:
        """The courses and terms of which there is, or was, a group at the school.

        What one of them says of itself is the same at every address: that of the whole unit.
        """
        if school is None:
            return made
        keys = {each.key for each in self._whole.schools if each.id == school.lower()}
        here = [each for each in taught if each.school in keys]
        ids = {self._whole.subject_id(each.key) for each in here}
        ids |= {self._whole.term_id(each.year) for each in here}
        return [each for each in made if each["sourcedId"] in ids]


def _ask(asked: Parameters, known: Mapping[str, str], kept: Condition) -> Ask:
    return Ask(
        both(fields.condition_of(asked.filter, known), kept),
        asked.limit,
        asked.offset,
        fields.sort_of(asked.sort, known),
        asked.descending,
    )


def _and_id(kept: Condition, only: str | None) -> Condition:
    return kept if only is None else both(kept, fields.within(sourcedId=only))
