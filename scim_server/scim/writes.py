"""What answers a POST, PUT, PATCH or DELETE, alone or within a Bulk request.

A unit that nobody may write says so to everyone with a live token (403), after 400 for a body
that can't be meant and 404 for an unknown id. Of a unit that may be written the token has to have
the scope.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from scim_server.directory.changes import Changes
from scim_server.directory.models import ResourceType
from scim_server.directory.policies import Policy
from scim_server.errors import Forbidden, NotImplementedHere
from scim_server.http.exchange import Answer, Call
from scim_server.http.hallway import check_scope
from scim_server.http.negotiation import chosen
from scim_server.oauth.clients import WRITE
from scim_server.scim.bodies import OFFERED, json_of
from scim_server.scim.bulk import Bulk, BulkOperation, Outcome
from scim_server.scim.failures import failure
from scim_server.scim.kinds import Kinds, policy
from scim_server.scim.parameters import from_query
from scim_server.scim.patch_requests import check_patch
from scim_server.scim.queries import Bounds, check_projection
from scim_server.scim.reads import Handler, Reads
from scim_server.scim.reception import Reception, check_shape
from scim_server.scim.requests import STATUSES, write_request
from scim_server.scim.writing import Writing, Written

METHODS = ("POST", "PUT", "PATCH", "DELETE")
_BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
_NOBODY = "A client is no user here. Address a user by id."


class Writes:
    """Handlers of writes, for every kind of unit."""

    def __init__(
        self,
        changes: Changes,
        kinds: Kinds,
        reads: Reads,
        bounds: Bounds,
        hash_password: Callable[[str], str],
    ) -> None:
        self._changes = changes
        self._kinds = kinds
        self._reads = reads
        self._bounds = bounds
        self._reception = Reception(hash_password)

    def creating(self, name: str) -> Handler:
        def answer(call: Call) -> Answer:
            return self._write(call, name, None)

        return answer

    def changing(self, name: str) -> Handler:
        """PUT, PATCH and DELETE of the resource in the path."""

        def answer(call: Call) -> Answer:
            return self._write(call, name, call.arguments["id"])

        return answer

    def me(self, call: Call) -> Answer:
        """``/Me`` (RFC 7644 §3.11): the user that the unit names, or 501 where it names none."""
        found = policy(call).me
        if call.method not in ("GET", "HEAD"):
            check = policy(call)
            if not check.refusal:
                check_scope(call.unit_grant, WRITE)
        if not found or call.method == "POST":
            raise NotImplementedHere(_NOBODY)
        if call.method in ("GET", "HEAD"):
            answer = self._reads.one(call, "User", found)
        else:
            answer = self._write(call, "User", found)
        location = ("Location", f"{self._kinds.address(call).base}/Users/{found}")
        return Answer(answer.status, answer.body, [*answer.headers, location], answer.count)

    def bulk(self, call: Call) -> Answer:
        allowed = policy(call)
        if not allowed.refusal:
            check_scope(call.unit_grant, WRITE)
        media = chosen(call.header("Accept"), OFFERED)
        asked = Bulk(
            json_of(call, max_depth=self._bounds.json_depth),
            self._kinds.of(call).contract,
            self._reception,
            most=self._bounds.bulk_operations,
        )
        if allowed.refusal:
            raise Forbidden(allowed.refusal)
        address = self._kinds.address(call)
        with self._changes.begin(address, allowed) as change:
            outcomes = asked.run(
                Writing(change, self._bounds.patched_members),
                lambda: check_scope(call.unit_grant, WRITE),
            )
        told = [_told(asked.operations[place], outcome, address.base)
                for place, outcome in outcomes.items()]  # fmt: skip
        body = orjson.dumps({"schemas": [_BULK_RESPONSE], "Operations": told})
        return Answer(200, body, [("Content-Type", media)], count=len(told))

    def _write(self, call: Call, name: str, id: str | None) -> Answer:
        allowed = policy(call)
        (resource_type,) = self._kinds.of(call).types(name)
        if allowed.refusal:
            self._refuse(call, allowed, resource_type, id)
        check_scope(call.unit_grant, WRITE)
        media = chosen(call.header("Accept"), OFFERED)
        asked = from_query(call.query)
        shown = check_projection(asked, (resource_type,), self._bounds)
        request = write_request(
            call.method, resource_type, self._body(call), self._reception,
            id=id, if_match=call.header("If-Match"),
        )  # fmt: skip
        with self._changes.begin(self._kinds.address(call), allowed) as change:
            written = request.perform(Writing(change, self._bounds.patched_members))
            if written is None:
                return Answer(204)
            is_asked = bool(asked.attributes or asked.excluded)
            if call.method == "PATCH" and not is_asked and _is_silent(allowed, written):
                tag = f'W/"{change.version(resource_type, written.id)}"'
                return Answer(204, b"", [("ETag", tag)])
            found = change.read(resource_type, written.id, collections=shown.collections)
        body = found.body if shown.is_plain else shown.apply(found.body)
        headers = [("Content-Type", media), ("ETag", f'W/"{found.version}"')]
        if call.method == "POST":
            base = self._kinds.address(call).base
            headers.append(("Location", f"{base}{resource_type.endpoint}/{written.id}"))
        return Answer(STATUSES[call.method], body, headers, count=1)

    def _body(self, call: Call) -> Any:
        if call.method == "DELETE":
            return None
        return json_of(call, max_depth=self._bounds.json_depth)

    def _refuse(
        self, call: Call, allowed: Policy, resource_type: ResourceType, id: str | None
    ) -> None:
        body = self._body(call)
        if call.method == "PATCH":
            check_patch(body)
        elif call.method != "DELETE":
            check_shape(resource_type, body)
        if id is not None:
            self._reads.one(call, resource_type.name, id)
        raise Forbidden(allowed.refusal)


def _is_silent(allowed: Policy, written: Written) -> bool:
    return written.hides or not allowed.shows_patched


def _told(operation: BulkOperation, outcome: Outcome, base: str) -> dict[str, Any]:
    """An outcome as a BulkResponse has it (RFC 7644 §3.7)."""
    told: dict[str, Any] = {"method": operation.method}
    if operation.bulk_id is not None:
        told["bulkId"] = operation.bulk_id
    if outcome.failure is not None:
        if operation.method != "POST":
            told["location"] = f"{base}{operation.path}"
        status = str(outcome.failure.status)
        return {**told, "status": status, "response": orjson.loads(failure(outcome.failure).body)}
    told["location"] = f"{base}{outcome.path}"
    if outcome.version is not None:
        told["version"] = f'W/"{outcome.version}"'
    return {**told, "status": str(STATUSES[operation.method])}
