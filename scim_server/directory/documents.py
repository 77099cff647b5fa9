"""The finished JSON of a resource as one SQL expression: head, meta, and its memberships."""

from __future__ import annotations

from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, select
from sqlalchemy.sql.selectable import Select

from scim_server.directory.expressions import Joined, text_of
from scim_server.directory.models import ResourceType
from scim_server.directory.rendering import BASE
from scim_server.directory.tables import membership, reference, resource

COLLECTIONS = {"User": "groups", "Group": "members"}
"""The computed attribute of each resource type, read from memberships alone."""


def document(types: tuple[ResourceType, ...], *, collections: bool) -> ColumnElement[str]:
    """The JSON text of a row of ``resource``, with :data:`~.rendering.BASE` for the base address.

    Without ``collections`` no membership is touched.
    """
    endpoint = _by_type(types, [text_of(each.endpoint) for each in types])
    texts: list[ColumnElement[Any]] = [
        resource.c.head,
        text_of(',"meta":{"resourceType":"'),
        resource.c.resource_type,
        text_of('","created":"'),
        resource.c.created,
        text_of('","lastModified":"'),
        resource.c.modified,
        text_of(f'","location":"{BASE}'),
        endpoint,
        text_of("/"),
        resource.c.id,
        text_of('","version":"W/\\"'),
        cast(resource.c.version, Text()),
        text_of('\\""}'),
    ]
    if collections:
        texts.append(_by_type(types, [_collection(each) for each in types]))
    texts.append(text_of("}"))
    return reduce(lambda left, right: left.concat(right), texts)


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
    listed = text_of(f',"{name}":[').concat(Joined(_references(name))).concat(text_of("]"))
    return func.coalesce(listed, text_of(""))


def _references(name: str) -> Select[Any]:
    holder, other = membership.c.group_seq, membership.c.member_seq
    if name == "groups":
        holder, other = other, holder
    return (
        select(reference.c.fragment, other.label("place"))
        .where(holder == resource.c.seq, reference.c.seq == other, reference.c.served)
        .order_by(other)
        .correlate(resource)
    )
