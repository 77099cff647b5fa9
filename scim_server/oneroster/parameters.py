"""What a query string asks for: which page, in which order, which fields, and the filter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from scim_server.errors import (
    InvalidFilter,
    InvalidPath,
    InvalidSelection,
    InvalidSyntax,
    InvalidValue,
)

DEFAULT_LIMIT, LARGEST_LIMIT = 100, 10_000
_LARGEST_OFFSET = 2**31 - 1
_MOST_PARAMETERS = 64
_NAMES = frozenset(("limit", "offset", "sort", "orderBy", "fields", "filter"))
_FIELD = r"[A-Za-z][A-Za-z.]{0,99}"
_PREDICATE = re.compile(rf"\s*({_FIELD})\s*(!=|>=|<=|=|>|<|~)\s*'((?:[^']|'')*)'\s*")
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


@dataclass(frozen=True, slots=True)
class Parameters:
    limit: int = DEFAULT_LIMIT
    offset: int = 0
    sort: str | None = None
    descending: bool = False
    fields: tuple[str, ...] = ()
    filter: Filter = NO_FILTER


def from_query(query: str, *, terms: int) -> Parameters:
    """Unknown parameters are ignored. ``terms`` is how many comparisons a filter may have.

    A limit over the largest is refused, not cut down: who counts on what was asked for would skip
    what lies between. Raises a :class:`~scim_server.errors.RequestFailed`.
    """
    given = _given(query)
    limit = _number(given, "limit", DEFAULT_LIMIT, 1, LARGEST_LIMIT)
    return Parameters(
        limit=limit,
        offset=_number(given, "offset", 0, 0, _LARGEST_OFFSET),
        sort=_sort(given.get("sort")),
        descending=_descending(given.get("orderBy", "asc")),
        fields=_fields(given.get("fields")),
        filter=read_filter(given["filter"], terms=terms) if given.get("filter") else NO_FILTER,
    )


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


def _given(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError:
        raise InvalidSyntax("The query string is not UTF-8, or has too many parts.") from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given and name in _NAMES:
            raise InvalidValue(f"{name} is given twice.")
        given[name] = value
    if "\0" in "".join(given.values()):
        raise InvalidSyntax("The query string holds a NUL character.")
    return given


def _number(given: dict[str, str], name: str, default: int, least: int, most: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if re.fullmatch(r"[0-9]{1,10}", text) and least <= int(text) <= most:
        return int(text)
    raise InvalidValue(f"{name} is a number from {least} to {most}.")


def _sort(text: str | None) -> str | None:
    if not text:
        return None
    if re.fullmatch(_FIELD, text) is None:
        raise InvalidPath("sort is not the name of a field.")
    return text


def _fields(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    names = tuple(each.strip() for each in text.split(","))
    if not all(names):
        raise InvalidSelection("A blank name stands in fields. Leave fields out to get them all.")
    return names


def _descending(text: str) -> bool:
    if text.lower() not in ("asc", "desc", ""):
        raise InvalidValue("orderBy is asc or desc.")
    return text.lower() == "desc"
