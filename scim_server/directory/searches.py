"""A search as data, and the SQL that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scim2_models.path import AttributeBinding, AttrPath
from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    bindparam,
    case,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.sql.selectable import Select

from scim_server.directory.attributes import UNIT, collection, may_be_compared, scalar
from scim_server.directory.documents import document
from scim_server.directory.expressions import NotSought
from scim_server.directory.filters import CompiledFilter, compile_filter
from scim_server.directory.models import ResourceType
from scim_server.directory.tables import resource
from scim_server.errors import InvalidPath


@dataclass(frozen=True, slots=True)
class Position:
    """A place in an ordered list: the sort key of a resource (none if absent), and its number."""

    key: Any
    seq: int


@dataclass(frozen=True, slots=True)
class Search:
    """What a client asks for, checked.

    ``shape`` and ``literals`` are the filter (see :mod:`.filters`); ``sort`` is a parsed
    attribute path; ``offset`` counts resources before the page; ``limit`` is the page's size.
    ``after`` is the place beyond which a page by cursor begins, or ``backwards`` before which it
    ends. ``collections`` asks for members and groups.
    """

    types: tuple[ResourceType, ...]
    limit: int
    shape: str = ""
    literals: tuple[str, ...] = ()
    sort: AttrPath | None = None
    descending: bool = False
    offset: int = 0
    by_cursor: bool = False
    after: Position | None = None
    backwards: bool = False
    collections: bool = True

    @property
    def filter(self) -> CompiledFilter | None:
        return compile_filter(self.shape, self.types) if self.shape else None

    @property
    def names_one(self) -> bool:
        """Whether the filter asks for one value of a key, as Entra's lookups do."""
        return self.filter is not None and self.filter.names_one

    @property
    def is_whole_list(self) -> bool:
        """A whole list of one type in the order of creation: its places are known beforehand."""
        return len(self.types) == 1 and not self.shape and self.sort is None

    @property
    def runs_down(self) -> bool:
        """Whether rows are read from the greatest key to the least."""
        return self.descending != self.backwards

    @property
    def plan(self) -> tuple[Any, ...]:
        """Equal for searches that the same statement answers."""
        return (
            self.types,
            self.shape,
            self.sort,
            self.runs_down,
            self.by_cursor,
            self.after is not None,
            self.after is not None and self.after.key is None,
            self.collections,
        )


def matching(search: Search) -> ColumnElement[bool]:
    """The rows that the search is about, of its unit alone."""
    here = [resource.c.unit_id == UNIT, resource.c.served]
    compiled = search.filter
    if len(search.types) == 1:
        (only,) = search.types
        if compiled is None:
            return and_(*here, resource.c.resource_type == only.name)
        condition = compiled.conditions[only.name]
        if only.name not in compiled.searched:
            return and_(*here, resource.c.resource_type == only.name, condition)
        return and_(
            condition,
            NotSought(resource.c.unit_id) == UNIT,
            NotSought(resource.c.served),
            NotSought(resource.c.resource_type) == only.name,
        )
    parts = [
        and_(
            resource.c.resource_type == each.name,
            *([compiled.conditions[each.name]] if compiled else []),
        )
        for each in search.types
    ]
    return and_(*here, or_(*parts))


def count_statement(search: Search) -> Select[Any]:
    return select(func.count()).select_from(resource).where(matching(search))


def page_statement(search: Search) -> Select[Any]:
    """Rows ``(seq, document)``, with the sort key third where a cursor will need it.

    A page that goes backwards comes in reverse. Parameters: ``limit``; ``offset``; ``start``,
    the number of the first resource counted, for a whole list; ``key`` and ``seq`` of ``after``.
    """
    shown = document(search.types, collections=search.collections)
    if search.is_whole_list or (search.sort is None and search.names_one):
        return _placed(search, select(resource.c.seq, shown), None)
    # Find the page first, in indexes alone where they suffice, and only then read documents.
    key = _sort_key(search)
    found = select(resource.c.seq) if key is None else select(resource.c.seq, key.label("key"))
    page = _placed(search, found, key).subquery("page")
    keys = [page.c.key] if key is not None else []
    query = select(resource.c.seq, shown, *keys).join(page, page.c.seq == resource.c.seq)
    return query.order_by(*_order(search, keys[0] if keys else None))


def _placed(search: Search, query: Select[Any], key: ColumnElement[Any] | None) -> Select[Any]:
    """``query`` cut down to the rows of the page, in their order."""
    query = query.where(matching(search))
    if search.after is not None:
        query = query.where(_beyond(key, search.after.key is None, search.runs_down))
    elif search.is_whole_list and not search.by_cursor:
        query = query.where(resource.c.seq >= bindparam("start", type_=Integer()))
    query = query.order_by(*_order(search, key)).limit(bindparam("limit", type_=Integer()))
    return query if search.by_cursor else query.offset(bindparam("offset", type_=Integer()))


def _order(search: Search, key: ColumnElement[Any] | None) -> list[ColumnElement[Any]]:
    """By the key, missing ones counting as the greatest, and by creation."""
    if search.runs_down:
        keys = [] if key is None else [key.desc().nulls_first()]
        return [*keys, resource.c.seq.desc()]
    return [*([] if key is None else [key.asc().nulls_last()]), resource.c.seq]


def _beyond(key: ColumnElement[Any] | None, missing: bool, down: bool) -> ColumnElement[bool]:
    """What comes later in the order. Missing keys come last ascending, first descending."""
    seq = bindparam("seq", type_=Integer())
    later = resource.c.seq < seq if down else resource.c.seq > seq
    if key is None:
        return later
    if missing:
        rest = and_(key.is_(None), later)
        return or_(rest, key.is_not(None)) if down else rest
    here = bindparam("key", type_=key.type)
    beyond = or_(key < here if down else key > here, and_(key == here, later))
    return beyond if down else or_(beyond, key.is_(None))


def _sort_key(search: Search) -> ColumnElement[Any] | None:
    if search.sort is None:
        return None
    keys = [_key_of(each, search.sort) for each in search.types]
    if all(key is None for key in keys):
        raise InvalidPath(f"{search.sort} is not an attribute that can be sorted by here.")
    if len(keys) == 1:
        return keys[0]
    return case(
        *[
            (resource.c.resource_type == each.name, null() if key is None else key)
            for each, key in zip(search.types, keys, strict=True)
        ]
    )


def _key_of(resource_type: ResourceType, path: AttrPath) -> ColumnElement[Any] | None:
    """RFC 7644 §3.4.2.3: of a multi-valued attribute, the primary value, or else the first."""
    binding: AttributeBinding | None = resource_type.compared(path)
    if binding is None or not may_be_compared(binding):
        return None
    if hasattr(binding.target_type, "model_fields"):
        raise InvalidPath(f"{path} is complex; sort by one of its sub-attributes.")
    if not binding.is_multivalued:
        return scalar(resource_type, binding).expression
    rows = collection(resource_type, binding)
    return rows.first(binding)


def sort_path(text: str) -> AttrPath:
    """``sortBy`` as a path: an optional schema URN, an attribute, an optional sub-attribute."""
    uri, _, rest = text.rpartition(":")
    attr, _, sub = rest.partition(".")
    try:
        return AttrPath(attr=attr, sub_attr=sub or None, uri=uri or None)
    except ValueError:
        raise InvalidPath("sortBy is not the name of an attribute.") from None


def parameters(search: Search) -> dict[str, Any]:
    """The parameters that the filter and the cursor's place need."""
    compiled = search.filter
    bound = compiled.parameters(search.literals) if compiled else {}
    if search.after is not None:
        bound |= {"key": search.after.key, "seq": search.after.seq}
    return bound
