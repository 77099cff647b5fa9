"""Bulk (RFC 7644 §3.7): many operations in one request and one transaction.

The ids of new resources are chosen before anything is written, so that references by ``bulkId``
are plain ids by the time an operation runs. Operations run in the request's order, but each after
those that it refers to; operations that refer to one another run together, and stand or fall
together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scim_server.directory.ids import new_id
from scim_server.directory.models import Contract
from scim_server.errors import (
    BrokenReferences,
    InvalidSyntax,
    InvalidValue,
    NotFound,
    PayloadTooLarge,
    RequestFailed,
)
from scim_server.scim.ordering import components
from scim_server.scim.reception import Reception
from scim_server.scim.requests import STATUSES, WriteRequest, write_request
from scim_server.scim.writing import Writing

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
_REFERENCE = "bulkId:"

Authorise = Callable[[], None]
"""Raises :class:`~scim_server.errors.Forbidden` where the client may not do what it asks."""


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One operation as it was sent. ``path`` has ids in place of references, and no base."""

    method: str
    path: str
    bulk_id: str | None
    version: str
    data: Any
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an operation: the place of its resource, if there is one, and the number of
    its version, or the failure.
    """

    path: str = ""
    version: int | None = None
    failure: RequestFailed | None = None


class Bulk:
    """A Bulk request, read. ``most`` is how many operations it may have.

    Raises :class:`~scim_server.errors.InvalidSyntax` for what is no BulkRequest, and
    :class:`~scim_server.errors.PayloadTooLarge` for too many operations. What is wrong with one
    operation alone is that operation's outcome.
    """

    def __init__(self, body: Any, contract: Contract, reception: Reception, *, most: int) -> None:
        given = _names_lowered(body)
        schemas, listed = given.get("schemas"), given.get("operations")
        if not isinstance(schemas, list) or BULK_REQUEST not in schemas:
            raise InvalidSyntax(f"The body's schemas don't name {BULK_REQUEST}.")
        if not isinstance(listed, list) or not listed:
            raise InvalidSyntax("Operations is a list of at least one operation.")
        if len(listed) > most:
            raise PayloadTooLarge(f"A Bulk request has at most {most} operations.")
        self._fail_on_errors = _fail_on_errors(given.get("failonerrors"))
        self._types = {each.endpoint: each for each in contract.types.values()}
        self._reception = reception
        raw = [_names_lowered(each) for each in listed]
        self._places = _places(raw)
        self._ids = {name: new_id() for name in self._places}
        self.operations = [self._operation(each) for each in raw]

    def run(self, writing: Writing, authorise: Authorise) -> dict[int, Outcome]:
        """The outcome of every operation that was tried, by its place in the request."""
        requests = [self._request(each, authorise) for each in self.operations]
        references = [[self._places[name] for name in each.references if name in self._places]
                      for each in self.operations]  # fmt: skip
        outcomes: dict[int, Outcome] = {}
        failures = 0
        for together in components(references):
            outcomes |= self._run_together(together, references, requests, writing, outcomes)
            failures += sum(outcomes[place].failure is not None for place in together)
            if failures >= self._fail_on_errors:
                break
        return dict(sorted(outcomes.items()))

    def _operation(self, given: Mapping[str, Any]) -> BulkOperation:
        method, path = given.get("method"), given.get("path")
        if not isinstance(method, str) or method.upper() not in STATUSES:
            raise InvalidSyntax("The method of an operation is POST, PUT, PATCH or DELETE.")
        if not isinstance(path, str):
            raise InvalidSyntax("The path of an operation is a text, such as /Users.")
        endpoint, _, id = path.strip("/").partition("/")
        referred = id.removeprefix(_REFERENCE) if id.startswith(_REFERENCE) else None
        if referred in self._ids:
            id = self._ids[referred]
        version = given.get("version")
        return BulkOperation(
            method=method.upper(),
            path=f"/{endpoint}/{id}" if id else f"/{endpoint}",
            bulk_id=given.get("bulkid"),
            version=version if isinstance(version, str) else "",
            data=given.get("data"),
            references=(*([referred] if referred else ()), *_references(given.get("data"))),
        )

    def _request(
        self, operation: BulkOperation, authorise: Authorise
    ) -> WriteRequest | RequestFailed:
        try:
            authorise()
            endpoint, _, id = operation.path.removeprefix("/").partition("/")
            resource_type = self._types.get(f"/{endpoint}")
            if resource_type is None or bool(id) == (operation.method == "POST"):
                raise NotFound(f"Nothing at the path of this operation takes {operation.method}.")
            if operation.method == "POST":
                if operation.bulk_id is None:
                    raise InvalidSyntax("A POST has a bulkId.")
                id = self._ids[operation.bulk_id]
            for name in operation.references:
                if name not in self._places:
                    raise InvalidValue("A bulkId is referred to that no POST here has.")
            return write_request(
                operation.method,
                resource_type,
                self._resolved(operation.data),
                self._reception,
                id=id,
                if_match=operation.version,
            )
        except RequestFailed as failure:
            return failure

    def _resolved(self, value: Any) -> Any:
        """``value`` with ids in place of references."""
        if isinstance(value, dict):
            return {name: self._resolved(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._resolved(each) for each in value]
        if isinstance(value, str) and value.startswith(_REFERENCE):
            return self._ids.get(value.removeprefix(_REFERENCE), value)
        return value

    def _run_together(
        self,
        places: Sequence[int],
        references: Sequence[Sequence[int]],
        requests: Sequence[WriteRequest | RequestFailed],
        writing: Writing,
        outcomes: Mapping[int, Outcome],
    ) -> dict[int, Outcome]:
        done: dict[int, Outcome] = {}
        place = places[0]
        expected = frozenset(self._ids[name] for name, at in self._places.items() if at in places)
        try:
            with writing.change.step():
                for place in places:
                    for other in references[place]:
                        if other in outcomes and outcomes[other].failure is not None:
                            raise _broken()
                    done[place] = _perform(requests[place], replace(writing, expected=expected))
        except RequestFailed as failure:
            done = {other: Outcome(failure=failure if other == place else _broken())
                    for other in places}  # fmt: skip
        return done


def _perform(request: WriteRequest | RequestFailed, writing: Writing) -> Outcome:
    if isinstance(request, RequestFailed):
        raise request
    written = request.perform(writing)
    path = f"{request.resource_type.endpoint}/{request.id}"
    if written is None:
        return Outcome(path)
    return Outcome(path, writing.change.version(request.resource_type, written.id))


def _broken() -> BrokenReferences:
    return BrokenReferences("An operation that this one refers to failed.")


def _names_lowered(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidSyntax("A Bulk request is an object, and so is each of its operations.")
    return {name.lower(): inner for name, inner in value.items()}


def _fail_on_errors(value: Any) -> float:
    """How many failures end the request; without a number, none do."""
    if value is None:
        return float("inf")
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidSyntax("failOnErrors is a whole number of at least 1.")
    return value


def _places(raw: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The place of the POST that each bulkId names."""
    places: dict[str, int] = {}
    for place, given in enumerate(raw):
        name = given.get("bulkid")
        if name is None:
            continue
        if not isinstance(name, str) or not name:
            raise InvalidSyntax("bulkId is a text.")
        if str(given.get("method")).upper() != "POST":
            continue
        if name in places:
            raise InvalidSyntax("Two operations have the same bulkId.")
        places[name] = place
    return places


def _references(data: Any, *, is_value: bool = False) -> Iterator[str]:
    """The bulkIds that ``data`` refers to, each the value of some ``value``."""
    if isinstance(data, dict):
        for name, inner in data.items():
            yield from _references(inner, is_value=name.lower() == "value")
    elif isinstance(data, list):
        for each in data:
            yield from _references(each, is_value=is_value)
    elif is_value and isinstance(data, str) and data.startswith(_REFERENCE):
        yield data.removeprefix(_REFERENCE)
