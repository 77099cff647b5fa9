"""Filter, order and page of the few objects that are derived, as the store does it for the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scim_server.directory.roster_conditions import OPERATORS, folded
from scim_server.errors import InvalidFilter, InvalidPath
from scim_server.oneroster.fields import time_of
from scim_server.oneroster.filters import Filter, Predicate
from scim_server.oneroster.objects import Object, told_time
from scim_server.oneroster.parameters import Parameters

_COMMON = ("sourcedId", "status", "dateLastModified")


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
