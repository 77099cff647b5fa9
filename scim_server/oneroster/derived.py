"""Orgs, academic sessions and courses: the few objects that are made of what others say.

They are made whole and chosen from by :mod:`.choosing`; a city has some hundreds of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scim_server.directory.roster_records import Taught, Whole
from scim_server.oneroster.objects import Object, Objects, head

ORG_PATHS = ("name", "type", "identifier", "parent.sourcedId", "children.sourcedId")
SESSION_PATHS = (
    "title", "startDate", "endDate", "type", "schoolYear", "parent.sourcedId",
    "children.sourcedId",
)  # fmt: skip
COURSE_PATHS = ("title", "courseCode", "org.sourcedId", "subjects")


def orgs(whole: Whole, objects: Objects) -> list[Object]:
    """The unit as a district, and its schools that publish.

    Version 1.2 wants an ``identifier`` that people can read: the register knows none but the name.
    """
    district = {
        **head(whole.id, True, whole.changed),
        "name": whole.name,
        "type": "district",
        "identifier": whole.name,
        "children": [objects.reference("orgs", each.id, "org") for each in whole.schools],
    }
    schools = [
        {
            **head(each.id, True, each.since),
            "name": each.name,
            "type": "school",
            "identifier": each.name,
            "parent": objects.reference("orgs", whole.id, "org"),
        }
        for each in whole.schools
    ]
    return [district, *schools]


def sessions(whole: Whole, taught: Sequence[Taught], objects: Objects) -> list[Object]:
    """Each school year in which something is taught, and one term in it as long as itself.

    The end date is the day after the last one (1.2 AcademicSessionDType).
    """
    found: list[Object] = []
    for year in sorted({each.year for each in taught}):
        active, edited = _state([each for each in taught if each.year == year])
        whole_year, term = whole.year_id(year), whole.term_id(year)
        first = int(year[:4])
        dates = {"startDate": f"{first}-09-01", "endDate": f"{first + 1}-09-01"}
        common = {**dates, "schoolYear": str(first + 1)}
        found.append(
            {
                **head(whole_year, active, edited), "title": f"Rok szkolny {year}", **common,
                "type": "schoolYear",
                "children": [objects.reference("academicSessions", term, "academicSession")],
            }
        )  # fmt: skip
        found.append(
            {
                **head(term, active, edited), "title": f"Rok szkolny {year}", **common,
                "type": "term",
                "parent": objects.reference("academicSessions", whole_year, "academicSession"),
            }
        )  # fmt: skip
    return found


def courses(whole: Whole, taught: Sequence[Taught], objects: Objects) -> list[Object]:
    """Each subject of the unit, whatever school teaches it.

    Both versions want a ``courseCode``: the register knows none but the subject.
    """
    district = objects.reference("orgs", whole.id, "org")
    by_key: dict[str, list[Taught]] = {}
    for each in taught:
        by_key.setdefault(each.key, []).append(each)
    return [
        {
            **head(whole.subject_id(key), *_state(of_it)),
            "title": of_it[0].subject,
            "courseCode": of_it[0].subject,
            "org": district,
            "subjects": [of_it[0].subject],
        }
        for key, of_it in sorted(by_key.items())
    ]


def _state(of_it: Iterable[Taught]) -> tuple[bool, str]:
    """Whether a group of it is taught still, and since when that is so.

    What is taught no more ended with the last of its groups; what is taught again began with the
    first of those that are. So whoever polls by time misses neither.
    """
    of_it = list(of_it)
    taught = [each.first for each in of_it if each.active]
    return (True, min(taught)) if taught else (False, max(each.last for each in of_it))
