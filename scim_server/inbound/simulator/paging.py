"""Lists in pages: ``$top``, ``$select``, and ``@odata.nextLink`` with its ``$skiptoken``."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import quote

from scim_server.inbound.simulator.messages import Answer, GraphError, Request

_Item = TypeVar("_Item")


def options(request: Request, *allowed: str) -> Mapping[str, str]:
    """The query, which may have these options and no other."""
    for name in request.query:
        if name not in allowed:
            raise GraphError(400, "BadRequest", f"Query option '{name}' is not allowed here.")
    return request.query


def after(
    request: Request, items: Iterable[tuple[int, _Item]], *, descending: bool = False
) -> Iterable[tuple[int, _Item]]:
    """The items of this page and later ones; they come in the order of their numbers.

    The next page goes on after the last number, so that what is added in between shifts nothing.
    """
    token = request.query.get("$skiptoken")
    if token is None:
        return items
    last = _number(token)
    return (each for each in items if (each[0] < last if descending else each[0] > last))


def answer(
    request: Request, items: Iterable[tuple[int, Any]], context: str, *, size: int, most: int
) -> Answer:
    """A page of ``items`` and the address of the next one."""
    top = _top(request, size, most)
    found = list(islice(items, top + 1))
    body: dict[str, Any] = {"@odata.context": f"{request.base}/v1.0/$metadata#{context}"}
    if len(found) > top:
        body["@odata.nextLink"] = _link(request, found[top - 1][0])
    body["value"] = [one for _, one in found[:top]]
    return Answer(200, body)


def _top(request: Request, size: int, most: int) -> int:
    text = request.query.get("$top", str(size))
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise GraphError(400, "BadRequest", f"Invalid page size: $top must be 1 to {most}.")
    return int(text)


def _link(request: Request, number: int) -> str:
    token = base64.urlsafe_b64encode(b"after:%d" % number).decode()
    query = {**request.query, "$skiptoken": token}
    text = "&".join(f"{quote(name, safe='$')}={quote(value)}" for name, value in query.items())
    return f"{request.base}{quote(request.path)}?{text}"


def _number(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("after:"))
    except (ValueError, binascii.Error):
        raise GraphError(400, "BadRequest", "The $skiptoken is not one of ours.") from None


def selected(
    request: Request, default: tuple[str, ...], more: tuple[str, ...]
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """What shows of an object the properties that ``$select`` names, or the default ones."""
    named = request.query.get("$select")
    names = default if named is None else tuple(name.strip() for name in named.split(","))
    for name in names:
        if name not in {*default, *more}:
            raise GraphError(400, "BadRequest", f"Could not find a property named '{name}'.")
    return lambda item: {name: item.get(name) for name in names}
