"""The directory as a storage of scim2-server, whose contract then judges it from outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from scim2_models import (
    Context,
    Error,
    Resource,
    ResponseParameters,
    Schema,
    SCIMException,
    ScimProvider,
    SearchRequest,
    ServiceProviderConfig,
)
from scim2_models import ResourceType as PublishedType
from scim2_server.storage import ScimStorage, SearchPage

from scim_server.clock import Clock
from scim_server.database import Database
from scim_server.directory.changes import Changes, Document
from scim_server.directory.models import ResourceType, contract
from scim_server.directory.resources import Address, Page, Resources
from scim_server.directory.searches import Position, Search, sort_path
from scim_server.directory.units import Unit
from scim_server.errors import NotFound, RequestFailed
from scim_server.scim.filter_text import take_apart
from scim_server.scim.reception import Reception
from scim_server.scim.writing import Writing
from tests.school import PUBLIC_URL

_CONTRACT = contract("sandbox")
_MANY = 1_000
_BOUNDS = {"longest": _MANY, "deepest": _MANY, "terms": _MANY}


@cache
def published() -> ScimProvider:
    """What a sandbox tells of itself, as scim2-models understands it."""
    documents = _CONTRACT.documents
    return ScimProvider.from_discovery(
        [Schema.model_validate(each) for each in documents["Schemas"]],
        [PublishedType.model_validate(each) for each in documents["ResourceTypes"]],
        ServiceProviderConfig.model_validate(documents["ServiceProviderConfig"][0]),
    )


class DirectoryStorage(ScimStorage):
    """One sandbox unit. Nothing is decided here: models become documents and back."""

    supports_cursors = True

    def __init__(
        self, database: Database, unit: Unit, provider: ScimProvider, clock: Clock
    ) -> None:
        self._address = Address(unit.id, f"{PUBLIC_URL}/{unit.name}/scim/v2")
        self._provider = provider
        self._resources = Resources(database)
        self._changes = Changes(database, clock)
        self._reception = Reception(lambda password: password)

    def get(
        self,
        resource_type: PublishedType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        with _failing_as_scim2_does():
            found = self._resources.get(self._address, _own(resource_type), resource_id)
            if found is None:
                raise NotFound("There is no resource with this id.")
        return self._model(found.body)

    def create(self, resource_type: PublishedType, resource: Resource[Any]) -> Resource[Any]:
        own = _own(resource_type)
        document = self._document(own, resource, Context.RESOURCE_CREATION_REQUEST)
        with self._writing() as writing:
            id = writing.create(own, document).id
        return self.get(resource_type, id)

    def update(
        self,
        resource_type: PublishedType,
        resource: Resource[Any],
        *,
        expected_version: str | None = None,
    ) -> Resource[Any]:
        own, id = _own(resource_type), str(resource.id)
        document = self._document(own, resource, Context.RESOURCE_REPLACEMENT_REQUEST)
        with self._writing() as writing:
            writing.replace(own, id, document, expected_version or "")
        return self.get(resource_type, id)

    def delete(
        self,
        resource_type: PublishedType,
        resource_id: str,
        *,
        expected_version: str | None = None,
    ) -> None:
        with self._writing() as writing:
            writing.delete(_own(resource_type), resource_id, expected_version or "")

    def search(
        self,
        resource_types: list[PublishedType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        with _failing_as_scim2_does():
            search = _search(resource_types, search_request, position)
            page = self._resources.search(self._address, search)
        next, previous = _ends(search, page)
        return SearchPage(page.total, [self._model(each) for each in page.bodies], next, previous)

    @contextmanager
    def _writing(self) -> Iterator[Writing]:
        with _failing_as_scim2_does(), self._changes.begin(self._address) as change:
            yield Writing(change, most_members=_MANY)

    def _document(
        self, resource_type: ResourceType, resource: Resource[Any], context: Context
    ) -> Document:
        return self._reception.resource(resource_type, resource.model_dump(scim_ctx=context))

    def _model(self, body: bytes) -> Resource[Any]:
        document = json.loads(body)
        del document["meta"]["location"]
        name = document["meta"]["resourceType"]
        model: Any = self._provider.model_for(name)
        made: Resource[Any] = model.model_validate(document)
        return made


def _own(resource_type: PublishedType) -> ResourceType:
    return _CONTRACT.types[str(resource_type.id)]


def _search(
    resource_types: list[PublishedType], request: SearchRequest[Any], position: Any
) -> Search:
    types = tuple(_own(each) for each in resource_types)
    filter = take_apart(str(request.filter), types, **_BOUNDS) if request.filter else ("", ())
    backwards, *place = position or (False,)
    return Search(
        types,
        _MANY if request.count is None else request.count,
        *filter,
        sort=sort_path(str(request.sort_by)) if request.sort_by else None,
        descending=request.sort_order is SearchRequest.SortOrder.descending,
        offset=(request.start_index or 1) - 1,
        by_cursor=request.cursor is not None,
        after=Position(*place) if place else None,
        backwards=backwards,
    )


def _ends(search: Search, page: Page) -> tuple[Any, Any]:
    """The places of the next page and of the previous one, where there are such."""
    onward = page.more or search.backwards
    back = page.more if search.backwards else search.after is not None
    next = [False, page.last.key, page.last.seq] if onward and page.last else None
    previous = [True, page.first.key, page.first.seq] if back and page.first else None
    return next, previous


@contextmanager
def _failing_as_scim2_does() -> Iterator[None]:
    try:
        yield
    except RequestFailed as failure:
        error = Error(
            status=failure.status, scim_type=failure.scim_type, detail=str(failure)
        )  # fmt: skip
        raise SCIMException.from_error(error) from failure
