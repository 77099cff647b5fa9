"""What answers a GET, and a search by POST."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from scim_server.audit.disclosures import Disclosures
from scim_server.directory.models import ResourceType
from scim_server.directory.resources import Address, Page, Resources
from scim_server.directory.searches import Search
from scim_server.errors import Forbidden, NotFound
from scim_server.http.exchange import Answer, Call
from scim_server.http.negotiation import chosen, has_version
from scim_server.scim import discovery, pages
from scim_server.scim.bodies import OFFERED, json_of
from scim_server.scim.cursors import Cursors
from scim_server.scim.kinds import Kinds
from scim_server.scim.parameters import Parameters, from_query, from_search_request
from scim_server.scim.projection import Projection
from scim_server.scim.queries import Bounds, check_projection, check_search

Handler = Callable[[Call], Answer]


class Reads:
    """Handlers of reads, for every kind of unit. ``names`` are of resource types; none: all."""

    def __init__(
        self,
        resources: Resources,
        kinds: Kinds,
        cursors: Cursors,
        bounds: Bounds,
        disclosures: Disclosures,
    ) -> None:
        self._resources = resources
        self._kinds = kinds
        self._cursors = cursors
        self._bounds = bounds
        self._disclosures = disclosures

    def listing(self, *names: str) -> Handler:
        def answer(call: Call) -> Answer:
            return self._search(call, self._kinds.of(call).types(*names), from_query(call.query))

        return answer

    def searching(self, *names: str) -> Handler:
        def answer(call: Call) -> Answer:
            asked = from_search_request(json_of(call, max_depth=self._bounds.json_depth))
            return self._search(call, self._kinds.of(call).types(*names), asked)

        return answer

    def resource(self, name: str) -> Handler:
        def answer(call: Call) -> Answer:
            return self.one(call, name, call.arguments["id"])

        return answer

    def one(self, call: Call, name: str, id: str) -> Answer:
        """The resource with this id, or 304 where the client has it."""
        types = (resource_type,) = self._kinds.of(call).types(name)
        media = chosen(call.header("Accept"), OFFERED)
        shown = check_projection(from_query(call.query), types, self._bounds)
        address = self._kinds.address(call)
        found = self._resources.get(address, resource_type, id, collections=shown.collections)
        if found is None:
            raise NotFound(f"There is no {name} with this id.")
        tag = ("ETag", f'W/"{found.version}"')
        if has_version(call.header("If-None-Match"), found.version):
            return Answer(304, b"", [tag])
        self._note(call, [found.seq], types, collections=shown.collections)
        body = found.body if shown.is_plain else shown.apply(found.body)
        return Answer(200, body, [("Content-Type", media), tag], count=1)

    def documents_of(self, name: str) -> Handler:
        """RFC 7644 §4: no filter is honoured here, and one that is given is refused with 403."""

        def answer(call: Call) -> Answer:
            media = chosen(call.header("Accept"), OFFERED)
            if from_query(call.query).filter is not None:
                raise Forbidden("Discovery can't be filtered. Ask without a filter.")
            found = self._documents(call, name)
            is_single = name == "ServiceProviderConfig"
            body = orjson.dumps(found[0]) if is_single else pages.of_documents(found)
            return Answer(200, body, [("Content-Type", media)], count=len(found))

        return answer

    def document(self, name: str) -> Handler:
        def answer(call: Call) -> Answer:
            media = chosen(call.header("Accept"), OFFERED)
            for each in self._documents(call, name):
                if each["id"].lower() == call.arguments["id"].lower():
                    return Answer(200, orjson.dumps(each), [("Content-Type", media)], count=1)
            raise NotFound(f"There is nothing with this id in {name}.")

        return answer

    def _documents(self, call: Call, name: str) -> tuple[discovery.Document, ...]:
        kind, address = self._kinds.of(call), self._kinds.address(call)
        return discovery.placed(kind.documents[name], address.base)

    def _search(self, call: Call, types: tuple[ResourceType, ...], asked: Parameters) -> Answer:
        media = chosen(call.header("Accept"), OFFERED)
        shown = check_projection(asked, types, self._bounds)
        address = self._kinds.address(call)
        search = check_search(
            asked, types, address.unit_id,
            bounds=self._bounds, cursors=self._cursors, collections=shown.collections,
        )  # fmt: skip
        page = self._resources.search(address, search)
        self._note(call, page.seqs, types, collections=search.collections)
        body = self._page(address, search, page, _joined(page, shown))
        return Answer(200, body, [("Content-Type", media)], count=len(page))

    def _note(
        self, call: Call, seqs: list[int], types: tuple[ResourceType, ...], *, collections: bool
    ) -> None:
        """Remember what is given to whom, for the record that is written after the answer."""
        if not seqs or call.method == "HEAD":  # which gives nothing of it
            return
        grant = call.unit_grant
        lists = collections and any(each.name == "Group" for each in types)
        self._disclosures.note(grant.unit_id, grant.client_id, seqs, with_members=lists)

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


def _joined(page: Page, shown: Projection) -> bytes:
    bodies = page.bodies if shown.is_plain else [shown.apply(each) for each in page.bodies]
    return b",".join(bodies)
