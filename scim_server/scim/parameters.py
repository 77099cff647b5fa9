"""What a client asks for, from a query string or a SearchRequest, as plain checked values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scim_server.errors import InvalidSyntax, InvalidValue
from scim_server.http.query_string import parameters

_SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Parameters:
    """RFC 7644 §3.4.2 and RFC 9865 §2. ``cursor`` is empty for a first page by cursor, and none
    where pages go by index; ``start_index`` and ``count`` are none where they weren't given.
    """

    filter: str | None = None
    sort_by: str | None = None
    descending: bool = False
    start_index: int | None = None
    count: int | None = None
    cursor: str | None = None
    attributes: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


NO_PARAMETERS = Parameters()


def from_query(query: str) -> Parameters:
    """The parameters of a GET. Unknown ones are ignored: Entra's ``aadOptscim062020`` is one."""
    if not query:
        return NO_PARAMETERS
    given = parameters(query, known=_NAMES)
    return Parameters(
        filter=given.get("filter"),
        sort_by=given.get("sortBy") or None,
        descending=_descending(given.get("sortOrder")),
        start_index=_number(given.get("startIndex"), "startIndex"),
        count=_number(given.get("count"), "count"),
        cursor=given.get("cursor"),
        attributes=_names(given.get("attributes", "").split(",")),
        excluded=_names(given.get("excludedAttributes", "").split(",")),
    )


def from_search_request(body: Any) -> Parameters:
    """The parameters of a POST to ``/.search`` (RFC 7644 §3.4.3)."""
    if not isinstance(body, Mapping):
        raise InvalidSyntax("The body is not a SearchRequest.")
    given = {str(name).lower(): value for name, value in body.items() if value is not None}
    schemas = given.get("schemas")
    if not isinstance(schemas, list) or _SEARCH_REQUEST not in schemas:
        raise InvalidSyntax(f"The body's schemas don't name {_SEARCH_REQUEST}.")
    return Parameters(
        filter=_text(given, "filter"),
        sort_by=_text(given, "sortBy") or None,
        descending=_descending(_text(given, "sortOrder")),
        start_index=_whole(given, "startIndex"),
        count=_whole(given, "count"),
        cursor=_text(given, "cursor"),
        attributes=_list(given, "attributes"),
        excluded=_list(given, "excludedAttributes"),
    )


_NAMES = frozenset(
    ("filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes",
     "excludedAttributes")
)  # fmt: skip


def _descending(value: str | None) -> bool:
    if not value or value.lower() == "ascending":
        return False
    if value.lower() == "descending":
        return True
    raise InvalidValue("sortOrder is ascending or descending.")


def _number(value: str | None, name: str) -> int | None:
    if value is None:
        return None
    digits = value.strip().removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidValue(f"{name} is a whole number.")
    return _bounded(-1 if value.strip().startswith("-") else int(digits[:17]))


def _whole(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name.lower())
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidValue(f"{name} is a whole number.")
    return _bounded(value)


def _bounded(value: int) -> int:
    """Beyond any list there is nothing; and a database's integer ends here."""
    return max(-_LARGEST, min(value, _LARGEST))


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name.lower())
    if value is not None and not isinstance(value, str):
        raise InvalidValue(f"{name} is a text.")
    return value


def _list(given: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = given.get(name.lower(), [])
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidValue(f"{name} is a list of attribute names.")
    return _names(value)


def _names(values: list[str]) -> tuple[str, ...]:
    return tuple(name for each in values if (name := each.strip()))
