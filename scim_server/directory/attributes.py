"""Where each attribute is found in SQL: a column, the folded keys, or the rows of a collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scim2_models import Extension, Returned
from scim2_models.path import AttributeBinding, AttrPath
from sqlalchemy import (
    Boolean,
    ColumnElement,
    FromClause,
    Integer,
    Text,
    bindparam,
    case,
    cast,
    false,
    func,
    select,
)
from sqlalchemy.types import TypeEngine

from scim_server.database.schema import key_text
from scim_server.directory.expressions import ByCodePoint, Stored, text_of
from scim_server.directory.models import ResourceType
from scim_server.directory.rendering import COLUMNS
from scim_server.directory.tables import PLACEHOLDER, element, membership, resource

UNIT = bindparam("unit", type_=Integer())
BASE_ADDRESS = bindparam("base", type_=Text())
BASE_KEY = bindparam("base_key", type_=Text())

_MEMBERSHIPS = {"members": ("group_seq", "member_seq"), "groups": ("member_seq", "group_seq")}
"""The computed collections: the membership's column of the holder and of the one listed."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One comparable value: its SQL, its Python kind, and its column where it has one.

    ``is_indexed`` tells that an index holds the beginnings of the values of a collection;
    ``is_primary`` that the value says which one of a collection is preferred.
    """

    expression: ColumnElement[Any]
    kind: type
    binding: AttributeBinding
    column: str | None = None
    is_indexed: bool = False
    is_primary: bool = False

    @property
    def compared(self) -> ColumnElement[Any]:
        """What a comparison with a value reads: a missing ``primary`` is false (RFC 7643 §2.4)."""
        return func.coalesce(self.expression, false()) if self.is_primary else self.expression

    def bind_type(self, role: str) -> TypeEngine[Any]:
        if role == "length":
            return Integer()
        return Boolean() if self.kind is bool else Text()


@dataclass(frozen=True, slots=True)
class Collection:
    """The values of a multi-valued attribute, as rows.

    ``others`` holds the sub-attributes that aren't in ``values``; ``listed`` is, of memberships,
    the number of the resource that a row lists.
    """

    rows: FromClause
    holder: ColumnElement[int]
    belongs: ColumnElement[bool]
    values: Mapping[str, ColumnElement[Any]]
    order: tuple[ColumnElement[Any], ...]
    is_simple: bool
    others: ColumnElement[Any] | None = None
    listed: ColumnElement[int] | None = None

    def some(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        """Whether a row of this resource satisfies ``condition``; never NULL."""
        return resource.c.seq.in_(
            select(self.holder).select_from(self.rows).where(self.belongs, condition)
        )

    def first(self, binding: AttributeBinding) -> ColumnElement[Any]:
        """``binding`` of the primary row, or else of the first; NULL without rows."""
        return (
            select(self.scalar(binding).expression)
            .select_from(self.rows)
            .where(self.belongs, self.holder == resource.c.seq)
            .order_by(*self.order)
            .limit(1)
            .correlate(resource)
            .scalar_subquery()
        )

    def scalar(self, binding: AttributeBinding) -> Scalar:
        """The sub-attribute ``binding`` of a row; of a simple attribute, the row's value."""
        kind = _kind(binding)
        name = binding.urn.rpartition(".")[2] if binding.sub_field_name else "value"
        if name in self.values:
            is_indexed = name == "value" and self.others is not None
            return Scalar(
                self.values[name], kind, binding,
                is_indexed=is_indexed, is_primary=name == "primary",
            )  # fmt: skip
        assert self.others is not None
        stored = Stored(self.others, name, is_boolean=kind is bool)
        return Scalar(stored if kind is bool else ByCodePoint(stored), kind, binding)


def may_be_compared(binding: AttributeBinding) -> bool:
    """False for what holds an extension's attributes (that is a schema, addressed by its URN), and
    for what is never returned: whether a guess at it is right would be an answer too.
    """
    kind = binding.field_type
    is_extension = isinstance(kind, type) and issubclass(kind, Extension)
    return not is_extension and binding.get_annotation(Returned) != Returned.never


def path_of(resource_type: ResourceType, binding: AttributeBinding) -> str:
    """``name.givenName`` for a core attribute, the whole URN for an extension's."""
    return binding.urn.removeprefix(f"{resource_type.schemas[0]}:")


def scalar(resource_type: ResourceType, binding: AttributeBinding) -> Scalar:
    """A single-valued attribute that is not complex."""
    path, kind = path_of(resource_type, binding), _kind(binding)
    if (computed := _computed(resource_type, path)) is not None:
        return Scalar(computed, kind, binding)
    if column := COLUMNS[resource_type.name].get(path):
        return Scalar(resource.c[column], kind, binding, column)
    stored = Stored(resource.c.folded, path, is_boolean=kind is bool)
    return Scalar(stored if kind is bool else ByCodePoint(stored), kind, binding)


def collection(resource_type: ResourceType, binding: AttributeBinding) -> Collection:
    """A multi-valued attribute: memberships as rows of that name, all others as elements."""
    path = path_of(resource_type, _whole(resource_type, binding))
    if path in _MEMBERSHIPS:
        return _memberships(path)
    rows = element.alias()
    names = ("value", "type", "display", "primary")
    return Collection(
        rows=rows,
        holder=rows.c.seq,
        belongs=(rows.c.unit_id == UNIT) & (rows.c.attribute == path),
        values={name: rows.c[name] for name in names},
        order=(func.coalesce(rows.c.primary, false()).desc(), rows.c.position),
        is_simple=not hasattr(binding.field_type, "model_fields"),
        others=rows.c.others,
    )


def _memberships(path: str) -> Collection:
    """A member that the unit has no resource of has a value and nothing else to compare."""
    holder, listed = _MEMBERSHIPS[path]
    rows, other = membership.alias(), resource.alias()
    name = other.c.resource_type
    kind: ColumnElement[str] = text_of("direct")
    if path == "members":
        kind = case((name == "User", text_of("user")), (name == "Group", text_of("group")))
    address = BASE_ADDRESS.concat(text_of("/")).concat(name).concat(text_of("s/"))
    reference = case((name != PLACEHOLDER, address.concat(other.c.id)))
    return Collection(
        rows=rows.join(other, other.c.seq == rows.c[listed]),
        holder=rows.c[holder],
        belongs=(rows.c.unit_id == UNIT)
        & (other.c.unit_id == UNIT)
        & (other.c.served | (name == PLACEHOLDER)),
        values={
            "value": other.c.id,
            "display": other.c.display_name,
            "type": ByCodePoint(kind),
            "$ref": ByCodePoint(reference),
        },
        order=(rows.c[listed],),
        is_simple=False,
        listed=rows.c[listed],
    )


def _whole(resource_type: ResourceType, binding: AttributeBinding) -> AttributeBinding:
    if binding.sub_field_name is None:
        return binding
    path = path_of(resource_type, binding)
    whole = resource_type.attribute(AttrPath(attr=path.partition(".")[0]))
    assert whole is not None
    return whole


def _computed(resource_type: ResourceType, path: str) -> ColumnElement[Any] | None:
    endpoint = resource_type.endpoint.lower()
    match path:
        case "id":
            return resource.c.id
        case "meta.resourceType":
            return resource.c.resource_type
        case "meta.created":
            return resource.c.created
        case "meta.lastModified":
            return resource.c.modified
        case "meta.version":
            version = cast(resource.c.version, key_text())
            return ByCodePoint(text_of('W/"').concat(version).concat(text_of('"')))
        case "meta.location":
            return ByCodePoint(BASE_KEY.concat(text_of(f"{endpoint}/")).concat(resource.c.id))
    return None


def _kind(binding: AttributeBinding) -> type:
    target = binding.target_type
    if target in (bool, datetime, bytes):
        return target
    return str
