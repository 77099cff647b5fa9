"""Door 1: the addresses of a unit's SCIM service, and what answers each."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scim_server.directory.ids import SHAPE
from scim_server.directory.models import contract
from scim_server.errors import NotFound
from scim_server.http.exchange import Answer, Call
from scim_server.http.routes import LIVE, Door, Route
from scim_server.oauth.clients import READ
from scim_server.scim.failures import failure
from scim_server.scim.kinds import KINDS
from scim_server.scim.reads import Handler, Reads
from scim_server.scim.writes import METHODS, Writes

_BASE = "/<unit>/scim/v2"
_EVERY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SCOPES = dict.fromkeys(METHODS, LIVE)
_HOT = re.compile(rf"/([a-z0-9-]{{1,40}})/scim/v2/(Users|Groups)(?:/({SHAPE}))?")


class ScimService:
    """Answers every SCIM request of every unit, whatever its kind."""

    def __init__(self, reads: Reads, writes: Writes) -> None:
        self.door = Door("scim", tuple(_routes(reads, writes)), failure)
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


def _routes(reads: Reads, writes: Writes) -> list[Route]:
    routes = [
        _reading("", GET=reads.listing()),
        _reading("/", GET=reads.listing()),
        _reading("/.search", POST=reads.searching()),
    ]
    for name, endpoint in _endpoints().items():
        change = writes.changing(name)
        routes += [
            _writing(endpoint, GET=reads.listing(name), POST=writes.creating(name)),
            _reading(f"{endpoint}/.search", POST=reads.searching(name)),
            _writing(
                f"{endpoint}/<id>", GET=reads.resource(name), PUT=change, PATCH=change,
                DELETE=change,
            ),
        ]  # fmt: skip
    for name in ("ResourceTypes", "Schemas", "ServiceProviderConfig"):
        routes.append(_reading(f"/{name}", GET=reads.documents_of(name)))
        if name != "ServiceProviderConfig":
            routes.append(_reading(f"/{name}/<id>", GET=reads.document(name)))
    return [
        *routes,
        _writing("/Bulk", POST=writes.bulk),
        _writing("/Me", **dict.fromkeys(("GET", *METHODS), writes.me)),
        _reading("/<path:rest>", **dict.fromkeys(_EVERY_METHOD, _nothing)),
    ]


def _endpoints() -> dict[str, str]:
    """Where each resource type is served: every kind of unit has the same ones."""
    types = [each for kind in KINDS for each in contract(kind).types.values()]
    return {each.name: each.endpoint for each in types}


def _reading(path: str, **handlers: Handler) -> Route:
    return Route(_BASE + path, READ, handlers)


def _writing(path: str, **handlers: Handler) -> Route:
    return Route(_BASE + path, READ, handlers, _SCOPES)


def _nothing(_call: Call) -> Answer:
    raise NotFound("There is nothing at this address.")
