"""A request to write one resource, read whole before the store is asked for anything.

What a request says is checked, and a password is hashed, outside the transaction: the store is
held no longer than it takes to write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scim_server.directory.models import ResourceType
from scim_server.scim.patch_requests import operations
from scim_server.scim.reception import Reception
from scim_server.scim.writing import Writing, Written

STATUSES = {"POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}
"""The status of an operation that succeeded, by its method."""


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """One operation on a resource; ``id`` is where a PUT, PATCH or DELETE applies, or for a POST
    the id that the resource will have, or none.
    """

    method: str
    resource_type: ResourceType
    id: str | None
    perform: Callable[[Writing], Written | None]


def write_request(
    method: str,
    resource_type: ResourceType,
    body: Any,
    reception: Reception,
    *,
    id: str | None = None,
    if_match: str = "",
) -> WriteRequest:
    """Raises a :class:`~scim_server.errors.RequestFailed` for a body that can't be meant."""
    place = id or ""
    if method == "DELETE":

        def perform(writing: Writing) -> Written | None:
            writing.delete(resource_type, place, if_match)
            return None

    elif method == "PATCH":
        edits = operations(body, resource_type, reception)

        def perform(writing: Writing) -> Written | None:
            return writing.patch(resource_type, place, edits, if_match)

    else:
        document = reception.resource(resource_type, body)

        def perform(writing: Writing) -> Written | None:
            if method == "POST":
                return writing.create(resource_type, document, id)
            return writing.replace(resource_type, place, document, if_match)

    return WriteRequest(method, resource_type, id, perform)
