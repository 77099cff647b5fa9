"""What a query string asks for: which page, in which order, which fields, and which filter."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scim_server.errors import InvalidPath, InvalidSelection, InvalidSyntax, InvalidValue
from scim_server.http.query_string import parameters
from scim_server.oneroster.filters import FIELD, NO_FILTER, Filter, read_filter

DEFAULT_LIMIT, LARGEST_LIMIT = 100, 10_000
_LARGEST_OFFSET = 2**31 - 1
_NAMES = frozenset(("limit", "offset", "sort", "orderBy", "fields", "filter"))


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


def _given(query: str) -> dict[str, str]:
    given = parameters(query, known=_NAMES)
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
    if re.fullmatch(FIELD, text) is None:
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
