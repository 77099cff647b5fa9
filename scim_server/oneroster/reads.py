"""What answers a GET: an object, or a page of a collection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from scim_server.audit.disclosures import Disclosures
from scim_server.directory.roster_conditions import EVERYTHING, Condition, both
from scim_server.directory.roster_records import Ask, Enrolment, Taught, Whole
from scim_server.directory.rosters import Rosters
from scim_server.errors import Forbidden, NotFound
from scim_server.http.exchange import Answer, Call
from scim_server.http.negotiation import chosen
from scim_server.oneroster import derived, fields, objects
from scim_server.oneroster.addresses import DEMOGRAPHICS, Target, target
from scim_server.oneroster.failures import MEDIA_TYPE
from scim_server.oneroster.objects import Object, Objects
from scim_server.oneroster.parameters import Parameters, from_query
from scim_server.oneroster.versions import Version

Handler = Callable[[Call], Answer]
_ROLES = {"students": "student", "teachers": "teacher"}
_NOTHING = "There is nothing at this address."


class Reads:
    """Handlers of reads. ``terms`` is how many comparisons a filter may have."""

    def __init__(
        self, rosters: Rosters, disclosures: Disclosures, *, public_url: str, terms: int
    ) -> None:
        self._rosters, self._disclosures = rosters, disclosures
        self._public_url, self._terms = public_url, terms

    def below(self, version: Version, base: str) -> Handler:
        """Answers whatever is asked for below ``base`` of a unit."""

        def answer(call: Call) -> Answer:
            found = target(call.arguments["rest"])
            if call.unit_grant.kind != "register" or found is None:
                raise NotFound(_NOTHING)
            if found.collection == DEMOGRAPHICS:
                raise Forbidden("No demographics are published: the register's list of what may "
                                "leave it has none.")  # fmt: skip
            media = chosen(call.header("Accept"), (MEDIA_TYPE,))
            asked = from_query(call.query, terms=self._terms)
            address = f"{self._public_url}/{call.unit_grant.unit}/{base}"
            reading = _Reading(self._rosters, version, address, call.unit_grant.unit_id)
            if found.id is not None:
                return self._one(call, reading, found, found.id, asked, media)
            return self._page(call, reading, found, asked, media)

        return answer

    def _one(
        self, call: Call, reading: _Reading, found: Target, id: str, asked: Parameters, media: str
    ) -> Answer:
        shown = fields.check_selection(asked.fields, reading.known(found.collection))
        listed, _ = reading.page(found.collection, Parameters(limit=1), EVERYTHING, only=id)
        if not listed:
            raise NotFound(f"There is no {found.wrapper} with this sourcedId.")
        self._note(call, reading)
        body = orjson.dumps({found.wrapper: _select(listed[0], shown)})
        return Answer(200, body, [("Content-Type", media)], count=1)

    def _page(
        self, call: Call, reading: _Reading, found: Target, asked: Parameters, media: str
    ) -> Answer:
        shown = fields.check_selection(asked.fields, reading.known(found.collection))
        listed, total = reading.within(found, asked)
        self._note(call, reading)
        body = orjson.dumps({found.wrapper: [_select(each, shown) for each in listed]})
        link = _links(f"{reading.base}/{call.arguments['rest']}", call.query, asked, total)
        headers = [("Content-Type", media), ("X-Total-Count", str(total)), ("Link", link)]
        return Answer(200, body, headers, count=len(listed))

    def _note(self, call: Call, reading: _Reading) -> None:
        """Remember what is given to whom; HEAD gives nothing of it."""
        if call.method != "HEAD":
            grant = call.unit_grant
            self._disclosures.note(grant.unit_id, grant.client_id, sorted(reading.given))


class _Reading:
    """One request's reading of one unit. ``given`` are the numbers of the resources shown."""

    def __init__(self, rosters: Rosters, version: Version, base: str, unit_id: int) -> None:
        self.base, self._rosters, self._version = base, rosters, version
        self._whole: Whole = rosters.whole(unit_id)
        self._objects = Objects(version, base, self._whole)
        self.given: set[int] = set()

    def known(self, collection: str) -> frozenset[str]:
        """The fields that an object of the collection may have."""
        if collection in ("users", "students", "teachers"):
            return objects.people_fields(self._version)
        return _FIELDS[collection]

    def within(self, found: Target, asked: Parameters) -> tuple[list[Object], int]:
        """A page of the collection, kept to what its address names besides."""
        for collection, id in found.within.items():
            listed, _ = self.page(collection, Parameters(limit=1), EVERYTHING, only=id)
            if not listed:
                raise NotFound("There is no such object in this address.")
        self.given.clear()
        names = found.within
        if found.collection in ("terms", "courses") and names:
            return self.page(found.collection, asked, EVERYTHING, school=names["schools"])
        kept: dict[str, str] = {}
        if "schools" in names:
            kept["school"] = names["schools"]
        for collection in ("users", "students", "teachers"):
            if collection in names:
                kept["person"] = names[collection]
        for collection, field in (("classes", "class"), ("terms", "term"), ("courses", "course")):
            if collection in names:
                kept[field] = names[collection]
        if found.within and {"classes", "schools"} <= names.keys():
            self._check_class(names["classes"], names["schools"])
            if found.collection != "enrollments":  # a teacher of the class may be of another school
                del kept["school"]
        return self.page(found.collection, asked, fields.within(**kept))

    def _check_class(self, group: str, school: str) -> None:
        condition = fields.within(sourcedId=group, school=school)
        if not self._rosters.classes(self._whole, Ask(condition, 1))[0]:
            raise NotFound("There is no such class at this school.")

    def page(
        self, collection: str, asked: Parameters, kept: Condition, *, only: str | None = None,
        school: str | None = None,
    ) -> tuple[list[Object], int]:  # fmt: skip
        """A page of the collection, of what ``kept`` holds for; ``only`` the one with this id, and
        of what is derived, what is taught at ``school``.
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
        return derived.choose(listed, paths, asked)

    def _people(
        self, collection: str, asked: Parameters, kept: Condition
    ) -> tuple[list[Object], int]:
        if collection in _ROLES:
            kept = both(kept, fields.within(role=_ROLES[collection]))
        ask = _ask(asked, fields.people_fields(self._version), kept)
        found, total = self._rosters.people(self._whole, ask)
        self.given.update(each.seq for each in found)
        return [self._objects.person(each) for each in found], total

    def _classes(self, asked: Parameters, kept: Condition) -> tuple[list[Object], int]:
        found, total = self._rosters.classes(self._whole, _ask(asked, fields.CLASSES, kept))
        self.given.update(each.seq for each in found)
        return [self._objects.class_(each) for each in found], total

    def _enrollments(self, asked: Parameters, kept: Condition) -> tuple[list[Object], int]:
        ask = _ask(asked, fields.ENROLLMENTS, kept)
        found, total = self._rosters.enrolments(self._whole, ask)
        self.given.update(_ends(found))
        return [self._objects.enrollment(each) for each in found], total

    def _derived(self, collection: str, school: str | None) -> tuple[list[Object], tuple[str, ...]]:
        if collection in ("orgs", "schools"):
            found = derived.orgs(self._whole, self._objects)
            if collection == "schools":
                found = [each for each in found if each["type"] == "school"]
            return found, derived.ORG_PATHS
        if collection == "gradingPeriods":
            return [], derived.SESSION_PATHS
        taught = self._taught(school)
        if collection == "courses":
            return derived.courses(self._whole, taught, self._objects), derived.COURSE_PATHS
        found = derived.sessions(self._whole, taught, self._objects)
        if collection == "terms":
            found = [each for each in found if each["type"] == "term"]
        return found, derived.SESSION_PATHS

    def _taught(self, school: str | None) -> list[Taught]:
        taught = self._rosters.taught(self._whole.unit_id)
        if school is None:
            return taught
        keys = {each.key for each in self._whole.schools if each.id == school.lower()}
        return [each for each in taught if each.school in keys]


_FIELDS = {
    "classes": objects.CLASS_FIELDS,
    "enrollments": objects.ENROLLMENT_FIELDS,
    "orgs": objects.ORG_FIELDS,
    "schools": objects.ORG_FIELDS,
    "academicSessions": objects.SESSION_FIELDS,
    "terms": objects.SESSION_FIELDS,
    "gradingPeriods": objects.SESSION_FIELDS,
    "courses": objects.COURSE_FIELDS,
}


def _ask(asked: Parameters, known: Any, kept: Condition) -> Ask:
    return Ask(
        both(fields.condition_of(asked.filter, known), kept),
        asked.limit,
        asked.offset,
        fields.sort_of(asked.sort, known),
        asked.descending,
    )


def _and_id(kept: Condition, only: str | None) -> Condition:
    return kept if only is None else both(kept, fields.within(sourcedId=only))


def _ends(found: Sequence[Enrolment]) -> set[int]:
    return {each.class_seq for each in found} | {each.person_seq for each in found}


def _select(one: Object, shown: frozenset[str] | None) -> Object:
    if shown is None:
        return one
    return {name: value for name, value in one.items() if name in shown}


def _links(address: str, query: str, asked: Parameters, total: int) -> str:
    """RFC 8288: where the first, last, next and previous pages are, as far as there are any."""
    others = [
        pair for pair in parse_qsl(query, keep_blank_values=True)
        if pair[0] not in ("limit", "offset")
    ]  # fmt: skip
    made = partial(_link, address, others, asked.limit)
    last = max(0, total - 1) // asked.limit * asked.limit
    found = [made("first", 0), made("last", last)]
    if asked.offset + asked.limit < total:
        found.append(made("next", asked.offset + asked.limit))
    if asked.offset:
        found.append(made("prev", max(0, min(asked.offset - asked.limit, last))))
    return ", ".join(found)


def _link(
    address: str, others: list[tuple[str, str]], limit: int, relation: str, offset: int
) -> str:
    query = urlencode([*others, ("limit", str(limit)), ("offset", str(offset))])
    return f'<{address}?{query}>; rel="{relation}"'
