"""The filter language, as text: comparisons joined by ``AND`` and ``OR``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scim_server.errors import InvalidFilter

FIELD = r"[A-Za-z][A-Za-z.]{0,99}"
"""The name of a field, or of one within it."""

_PREDICATE = re.compile(rf"\s*({FIELD})\s*(!=|>=|<=|=|>|<|~)\s*'((?:[^']|'')*)'\s*")
_LINK = re.compile(r"(AND|OR)(?=\s)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Predicate:
    """One comparison of a filter, in the protocol's words."""

    field: str
    operator: str
    value: str


Filter = tuple[tuple[Predicate, ...], ...]
"""Alternatives, each of predicates that all hold: ``AND`` binds closer than ``OR``."""

NO_FILTER: Filter = ((),)


def read_filter(text: str, *, terms: int) -> Filter:
    """``field='value'`` with ``= != > >= < <= ~``, joined by ``AND`` and ``OR``.

    Within a value, two single quotes stand for one. Raises
    :class:`~scim_server.errors.InvalidFilter`.
    """
    alternatives: list[tuple[Predicate, ...]] = []
    comparisons: list[Predicate] = []
    place = 0
    for _ in range(terms):
        found = _PREDICATE.match(text, place)
        if found is None:
            break
        value = found[3].replace("''", "'")
        comparisons.append(Predicate(found[1], found[2], value))
        place = found.end()
        if place == len(text):
            return (*alternatives, tuple(comparisons))
        link = _LINK.match(text, place)
        if link is None or not text[place - 1].isspace():
            break
        place = link.end()
        if link[1].upper() == "OR":
            alternatives.append(tuple(comparisons))
            comparisons = []
    else:
        raise InvalidFilter(f"The filter has more than {terms} comparisons.")
    raise InvalidFilter(
        f"The filter can't be read from its character {place + 1} on. Write field='value', joined "
        "by AND or OR."
    )
