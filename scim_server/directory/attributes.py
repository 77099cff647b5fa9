"""Where each attribute is found in SQL: a column, the folded keys, or the rows of a collection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scim2_models import Extension
from scim2_models.path import AttributeBinding, AttrPath
from sqlalchemy import (
    Boolean,
    ColumnElement,
    FromClause,
    Integer,
    Text,
    bindparam,
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
from scim_server.directory.tables import element, membership, resource

UNIT = bindparam("unit", type_=Integer())
BASE_ADDRESS = bindparam("base", type_=Text())
BASE_KEY = bindparam("base_key", type_=Text())

_MEMBERSHIPS = {"members": ("group_seq", "member_seq"), "groups": ("member_seq", "group_seq")}
"""The computed collections: the membership's column of the holder and of the one listed."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One comparable value: its SQL, its Python kind, and its column where it has one."""

    expression: ColumnElement[Any]
    kind: type
    binding: AttributeBinding
    column: str | None = None

    def bind_type(self, role: str) -> TypeEngine[Any]:
        if role == "length":
            return Integer()
        return Boolean() if self.kind is bool else Text()


@dataclass(frozen=True, slots=True)
class Collection:
    """The values of a multi-valued attribute, as rows."""

    rows: FromClause
    holder: ColumnElement[int]
    belongs: ColumnElement[bool]
    values: dict[str, ColumnElement[Any]]
    order: tuple[ColumnElement[Any], ...]
    is_simple: bool

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
        name = binding.sub_field_name or "value"
        return Scalar(self.values[name], _kind(binding), binding)


def is_attribute(binding: AttributeBinding) -> bool:
    """False for what holds an extension's attributes: that is a schema, addressed by its URN."""
    kind = binding.field_type
    return not (isinstance(kind, type) and issubclass(kind, Extension))


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
    stored = Stored(path, is_boolean=kind is bool)
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
    )


def _memberships(path: str) -> Collection:
    holder, listed = _MEMBERSHIPS[path]
    rows, other = membership.alias(), resource.alias()
    kind, endpoint = ("user", "/Users/") if path == "members" else ("direct", "/Groups/")
    return Collection(
        rows=rows.join(other, other.c.seq == rows.c[listed]),
        holder=rows.c[holder],
        belongs=(rows.c.unit_id == UNIT) & (other.c.unit_id == UNIT) & other.c.served,
        values={
            "value": other.c.id,
            "display": other.c.display_name,
            "type": text_of(kind),
            "ref": ByCodePoint(BASE_ADDRESS.concat(text_of(endpoint)).concat(other.c.id)),
        },
        order=(rows.c[listed],),
        is_simple=False,
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
    if target is bool or target is datetime:
        return target
    return str
