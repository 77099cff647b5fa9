"""The addresses of a unit's SCIM service, and what answers each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import orjson

from scim_server.directory.models import Contract, ResourceType, contract
from scim_server.directory.resources import Address, Found, Page, Resources
from scim_server.directory.searches import Search
from scim_server.errors import Forbidden, NotFound, UnsupportedMedia
from scim_server.http.exchange import Answer, Call
from scim_server.http.negotiation import chosen, has_version
from scim_server.http.routes import Door, Route
from scim_server.http.strict_json import loads
from scim_server.scim import discovery, pages
from scim_server.scim.cursors import Cursors
from scim_server.scim.failures import MEDIA_TYPE, failure
from scim_server.scim.parameters import Parameters, from_query, from_search_request
from scim_server.scim.projection import Projection
from scim_server.scim.queries import Bounds, check_projection, check_search

READ = "scim.read"
_BASE = "/<unit>/scim/v2"
_OFFERED = (MEDIA_TYPE, "application/json")
_ID = r"[A-Za-z0-9-]{1,64}"
_HOT = re.compile(rf"/([a-z0-9-]{{1,40}})/scim/v2/(Users|Groups)(?:/({_ID}))?")


class ScimService:
    """Answers every SCIM request of every register unit."""

    def __init__(
        self,
        resources: Resources,
        cursors: Cursors,
        bounds: Bounds,
        *,
        public_url: str,
        max_json_depth: int,
    ) -> None:
        self._resources = resources
        self._cursors = cursors
        self._bounds = bounds
        self._public_url = public_url
        self._max_json_depth = max_json_depth
        self._contract: Contract = contract("register")
        self._documents = discovery.documents(
            self._contract, bounds=bounds, cursor_lifetime=cursors.lifetime
        )
        self.door = Door("scim", self._routes(), failure)
        self._hot = {route.rule.removeprefix(f"{_BASE}/"): route for route in self.door.routes}

    def match(self, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The route of one of the hottest addresses, as the routing would find it, or none."""
        found = _HOT.fullmatch(path)
        if found is None:
            return None
        unit, endpoint, id = found.groups()
        if id is None:
            return self._hot[endpoint], {"unit": unit}
        return self._hot[f"{endpoint}/<id>"], {"unit": unit, "id": id}

    def _routes(self) -> tuple[Route, ...]:
        everything = tuple(self._contract.types.values())
        routes = [
            self._listing("", everything),
            self._listing("/", everything),
            self._searching("", everything),
        ]
        for each in everything:
            endpoint = each.endpoint
            routes += [
                self._listing(endpoint, (each,)),
                self._searching(endpoint, (each,)),
                _route(f"{endpoint}/<id>", GET=self._resource(each)),
            ]
        for name in self._documents:
            routes.append(_route(f"/{name}", GET=self._documents_of(name)))
            if name != "ServiceProviderConfig":
                routes.append(_route(f"/{name}/<id>", GET=self._document(name)))
        return (*routes, _route("/<path:rest>", **dict.fromkeys(_EVERY_METHOD, _nothing)))

    def _listing(self, endpoint: str, types: tuple[ResourceType, ...]) -> Route:
        def answer(call: Call) -> Answer:
            return self._search(call, types, from_query(call.query))

        return _route(endpoint, GET=answer)

    def _searching(self, endpoint: str, types: tuple[ResourceType, ...]) -> Route:
        def answer(call: Call) -> Answer:
            if call.content_type not in _OFFERED:
                raise UnsupportedMedia(f"Send the search as {MEDIA_TYPE}.")
            body = loads(call.body, max_depth=self._max_json_depth)
            return self._search(call, types, from_search_request(body))

        return _route(f"{endpoint}/.search", POST=answer)

    def _resource(self, resource_type: ResourceType) -> Callable[[Call], Answer]:
        types = (resource_type,)

        def answer(call: Call) -> Answer:
            media = chosen(call.header("Accept"), _OFFERED)
            shown = check_projection(from_query(call.query), types, self._bounds)
            found = self._found(call, resource_type, collections=shown.collections)
            if found is None:
                raise NotFound(f"There is no {resource_type.name} with this id.")
            tag = ("ETag", f'W/"{found.version}"')
            if has_version(call.header("If-None-Match"), found.version):
                return Answer(304, b"", [tag])
            body = found.body if shown.is_plain else shown.apply(found.body)
            return Answer(200, body, [("Content-Type", media), tag], count=1)

        return answer

    def _found(self, call: Call, resource_type: ResourceType, *, collections: bool) -> Found | None:
        """No resource has an id of other characters, and not every database could look for one."""
        id = call.arguments["id"]
        if not re.fullmatch(_ID, id):
            return None
        return self._resources.get(self._address(call), resource_type, id, collections=collections)

    def _search(self, call: Call, types: tuple[ResourceType, ...], asked: Parameters) -> Answer:
        media = chosen(call.header("Accept"), _OFFERED)
        shown = check_projection(asked, types, self._bounds)
        address = self._address(call)
        search = check_search(
            asked, types, address.unit_id,
            bounds=self._bounds, cursors=self._cursors, collections=shown.collections,
        )  # fmt: skip
        page = self._resources.search(address, search)
        body = self._page(address, search, page, _joined(page, shown))
        return Answer(200, body, [("Content-Type", media)], count=len(page))

    def _page(self, address: Address, search: Search, page: Page, resources: bytes) -> bytes:
        if not search.by_cursor:
            return pages.by_index(page.total, len(page), search.offset + 1, resources)
        cursors = {}
        onward = page.more or search.backwards
        back = page.more if search.backwards else search.after is not None
        if onward and page.last:
            cursors["nextCursor"] = self._cursors.seal(
                address.unit_id, search, page.last, backwards=False
            )
        if back and page.first:
            cursors["previousCursor"] = self._cursors.seal(
                address.unit_id, search, page.first, backwards=True
            )
        return pages.by_cursor(page.total, len(page), cursors, resources)

    def _address(self, call: Call) -> Address:
        grant = call.unit_grant
        return Address(grant.unit_id, f"{self._public_url}/{grant.unit}/scim/v2")

    def _documents_of(self, name: str) -> Callable[[Call], Answer]:
        """RFC 7644 §4: no filter is honoured here, and one that is given is refused with 403."""

        def answer(call: Call) -> Answer:
            media = chosen(call.header("Accept"), _OFFERED)
            if from_query(call.query).filter is not None:
                raise Forbidden("Discovery can't be filtered. Ask without a filter.")
            found = discovery.placed(self._documents[name], self._address(call).base)
            body = orjson.dumps(found[0]) if _is_single(name) else pages.of_documents(found)
            return Answer(200, body, [("Content-Type", media)], count=len(found))

        return answer

    def _document(self, name: str) -> Callable[[Call], Answer]:
        def answer(call: Call) -> Answer:
            media = chosen(call.header("Accept"), _OFFERED)
            for each in discovery.placed(self._documents[name], self._address(call).base):
                if each["id"].lower() == call.arguments["id"].lower():
                    return Answer(200, orjson.dumps(each), [("Content-Type", media)], count=1)
            raise NotFound(f"There is nothing with this id in {name}.")

        return answer


_EVERY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def _route(path: str, **handlers: Callable[[Call], Answer]) -> Route:
    return Route(_BASE + path, READ, handlers)


def _nothing(_call: Call) -> Answer:
    raise NotFound("There is nothing at this address.")


def _is_single(name: str) -> bool:
    return name == "ServiceProviderConfig"


def _joined(page: Page, shown: Projection) -> bytes:
    bodies = page.bodies if shown.is_plain else [shown.apply(each) for each in page.bodies]
    return b",".join(bodies)
