"""Orgs, academic sessions and courses: the few objects that are made of what others say.

They are made whole and chosen from here; a city has some hundreds of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from scim_server.directory.roster_conditions import OPERATORS, folded
from scim_server.directory.roster_records import Taught, Whole
from scim_server.errors import InvalidFilter, InvalidPath
from scim_server.oneroster.fields import time_of
from scim_server.oneroster.objects import Object, Objects, head, told_time
from scim_server.oneroster.parameters import Filter, Parameters, Predicate

ORG_PATHS = ("name", "type", "parent.sourcedId", "children.sourcedId")
SESSION_PATHS = (
    "title", "startDate", "endDate", "type", "schoolYear", "parent.sourcedId",
    "children.sourcedId",
)  # fmt: skip
COURSE_PATHS = ("title", "org.sourcedId", "subjects")
_COMMON = ("sourcedId", "status", "dateLastModified")


def orgs(whole: Whole, objects: Objects) -> list[Object]:
    """The unit as a district, and its schools that publish."""
    district = {
        **head(whole.id, True, whole.changed),
        "name": whole.name,
        "type": "district",
        "children": [objects.reference("orgs", each.id, "org") for each in whole.schools],
    }
    schools = [
        {
            **head(each.id, True, each.since),
            "name": each.name,
            "type": "school",
            "parent": objects.reference("orgs", whole.id, "org"),
        }
        for each in whole.schools
    ]
    return [district, *schools]


def sessions(whole: Whole, taught: Sequence[Taught], objects: Objects) -> list[Object]:
    """Each school year in which something is taught, and one term in it as long as itself."""
    found: list[Object] = []
    for year in sorted({each.year for each in taught}):
        active, edited = _state([each for each in taught if each.year == year])
        whole_year, term = whole.year_id(year), whole.term_id(year)
        first = int(year[:4])
        dates = {"startDate": f"{first}-09-01", "endDate": f"{first + 1}-08-31"}
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
    """Each subject of the unit, whatever school teaches it."""
    district = objects.reference("orgs", whole.id, "org")
    by_key: dict[str, list[Taught]] = {}
    for each in taught:
        by_key.setdefault(each.key, []).append(each)
    return [
        {
            **head(whole.subject_id(key), *_state(of_it)),
            "title": of_it[0].subject,
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


def choose(
    objects: list[Object], paths: tuple[str, ...], asked: Parameters
) -> tuple[list[Object], int]:
    """The page of ``objects`` that is asked for, and how many satisfy the filter."""
    known = frozenset((*_COMMON, *paths))
    check = _check_of(asked.filter, known)
    found = [each for each in objects if check(each)]
    if asked.sort is not None:
        if asked.sort not in known:
            raise InvalidPath(f"There is no field {asked.sort} to sort by here.")
        missing = [each for each in found if not _values(each, asked.sort)]
        found = [each for each in found if _values(each, asked.sort)]
        found.sort(key=lambda each: _values(each, str(asked.sort))[0], reverse=asked.descending)
        found += missing
    return found[asked.offset : asked.offset + asked.limit], len(found)


def _check_of(asked: Filter, known: frozenset[str]) -> Callable[[Object], bool]:
    alternatives = [[_one(each, known) for each in all_of] for all_of in asked]
    return lambda one: any(all(check(one) for check in checks) for checks in alternatives)


def _one(asked: Predicate, known: frozenset[str]) -> Callable[[Object], bool]:
    if asked.field not in known:
        raise InvalidFilter(f"There is no field {asked.field} to filter by here.")
    is_time = asked.field == "dateLastModified"
    if is_time and asked.operator == "~":
        raise InvalidFilter(f"{asked.field} is a time: it can't be compared with ~.")
    value = folded(told_time(time_of(asked.value)) if is_time else asked.value)
    holds = OPERATORS[asked.operator]
    if asked.operator == "!=":
        return lambda one: value not in _values(one, asked.field)
    return lambda one: any(holds(each, value) for each in _values(one, asked.field))


def _values(one: Object, path: str) -> list[str]:
    """The values at ``path``, folded: of a reference or a list of them, all."""
    name, _, rest = path.partition(".")
    value: Any = one.get(name)
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [folded(each[rest] if rest else each) for each in values]
