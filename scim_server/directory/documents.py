"""The finished JSON of a resource as one SQL expression: head, meta, and its memberships."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.sql.selectable import Select

from scim_server.directory.attributes import BASE_ADDRESS
from scim_server.directory.expressions import Finished, Joined, text_of
from scim_server.directory.models import ResourceType
from scim_server.directory.rendering import BASE
from scim_server.directory.tables import membership, reference, resource

COLLECTIONS = {"User": "groups", "Group": "members"}
"""The computed attribute of each resource type, read from memberships alone."""


def document(types: tuple[ResourceType, ...], *, collections: bool) -> ColumnElement[bytes]:
    """The finished JSON of a row of ``resource``; parameter ``base`` is the base address.

    Without ``collections`` no membership is touched.
    """
    parts: list[str | ColumnElement[Any]] = [
        resource.c.head,
        ',"meta":{"resourceType":"',
        resource.c.resource_type,
        '","created":"',
        resource.c.created,
        '","lastModified":"',
        resource.c.modified,
        '","location":"',
        BASE_ADDRESS,
        _by_type(types, [text_of(each.endpoint) for each in types]),
        "/",
        resource.c.id,
        '","version":"W/\\"',
        resource.c.version,
        '\\""}',
    ]
    if collections:
        parts.append(_by_type(types, [_collection(each) for each in types]))
    return Finished([*parts, "}"])


def _by_type(
    types: tuple[ResourceType, ...], values: list[ColumnElement[str]]
) -> ColumnElement[str]:
    if len(types) == 1:
        return values[0]
    pairs = [
        (resource.c.resource_type == text_of(each.name), value)
        for each, value in zip(types, values, strict=True)
    ]
    return case(*pairs)


def _collection(resource_type: ResourceType) -> ColumnElement[str]:
    """``,"members":[…]``, or nothing where there are none: absent, never empty."""
    name = COLLECTIONS[resource_type.name]
    references = func.replace(Joined(_references(name)), text_of(BASE), BASE_ADDRESS)
    listed = text_of(f',"{name}":[').concat(references).concat(text_of("]"))
    return func.coalesce(listed, text_of(""))


def _references(name: str) -> Select[Any]:
    holder, other = membership.c.group_seq, membership.c.member_seq
    listed = reference.c.fragment
    if name == "groups":
        holder, other, listed = other, holder, reference.c.as_group
    return (
        select(listed.label("fragment"), other.label("place"))
        .where(holder == resource.c.seq, reference.c.seq == other, reference.c.served)
        .order_by(other)
        .correlate(resource)
    )
