"""From parameters to a search of the directory."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scim2_models.path import AttrPath

from scim_server.directory.models import ResourceType
from scim_server.directory.searches import Search, sort_path
from scim_server.errors import InvalidCount, InvalidPath, InvalidValue
from scim_server.scim.cursors import Cursors
from scim_server.scim.filter_text import take_apart
from scim_server.scim.parameters import Parameters
from scim_server.scim.projection import Projection, projection


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one request may ask for. Lengths are in bytes; ``patched_members`` is the length up
    to which a group is shown after a PATCH of its members.
    """

    page_size_default: int
    page_size_max: int
    filter_bytes: int
    filter_depth: int
    filter_terms: int
    attributes: int
    bulk_operations: int
    body_bytes: int
    json_depth: int
    patched_members: int


def check_projection(
    asked: Parameters, types: tuple[ResourceType, ...], bounds: Bounds
) -> Projection:
    """Raises :class:`~scim_server.errors.InvalidValue` for too many names or both lists."""
    if len(asked.attributes) + len(asked.excluded) > bounds.attributes:
        raise InvalidValue(f"More than {bounds.attributes} attributes are named.")
    return projection(asked.attributes, asked.excluded, types)


def check_search(
    asked: Parameters,
    types: tuple[ResourceType, ...],
    unit_id: int,
    *,
    bounds: Bounds,
    cursors: Cursors,
    collections: bool,
) -> Search:
    """The search that ``asked`` means. Raises a :class:`~scim_server.errors.RequestFailed`.

    A ``startIndex`` under 1 is 1, a ``count`` under 0 is 0 (RFC 7644 §3.4.2.4); a count over the
    announced maximum is the maximum.
    """
    shape = ""
    literals: tuple[str, ...] = ()
    if asked.filter is not None:
        shape, literals = take_apart(
            asked.filter,
            types,
            longest=bounds.filter_bytes,
            deepest=bounds.filter_depth,
            terms=bounds.filter_terms,
        )
    count = bounds.page_size_default if asked.count is None else asked.count
    search = Search(
        types=types,
        limit=max(0, min(count, bounds.page_size_max)),
        shape=shape,
        literals=literals,
        sort=_sort(asked.sort_by),
        descending=asked.descending and asked.sort_by is not None,
        offset=max(1, asked.start_index or 1) - 1,
        collections=collections,
    )
    return search if asked.cursor is None else _by_cursor(asked, search, unit_id, cursors)


def _sort(sort_by: str | None) -> AttrPath | None:
    if sort_by is None:
        return None
    if len(sort_by) > 256:
        raise InvalidPath("sortBy is not the name of an attribute.")
    return sort_path(sort_by)


def _by_cursor(asked: Parameters, search: Search, unit_id: int, cursors: Cursors) -> Search:
    if asked.start_index is not None:
        raise InvalidValue("startIndex and cursor exclude one another.")
    if search.limit == 0 and asked.cursor:
        raise InvalidCount("A page by cursor holds at least one resource.")
    search = replace(search, by_cursor=True, offset=0)
    if not asked.cursor:
        return search
    position, backwards = cursors.open(unit_id, search, asked.cursor)
    return replace(search, after=position, backwards=backwards)
