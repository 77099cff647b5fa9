"""Where a client finds out how to get in: the metadata of each unit's two servers.

They are public and say the same of every unit, so that nobody learns from them which there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from scim_server.directory.units import NAME
from scim_server.errors import NotFound
from scim_server.http.exchange import Answer, Call
from scim_server.http.routes import PUBLIC, Door, Route
from scim_server.http.token_door import failure
from scim_server.oauth.metadata import authorization_server, protected_resource

_AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
_PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"


def metadata_door(public_url: str) -> Door:
    """RFC 8414 §3.1 and RFC 9728 §3.1: the well-known name stands before the unit's own path."""

    def issuer(call: Call) -> Answer:
        return _answer(authorization_server(public_url, _unit(call)))

    def resource(call: Call) -> Answer:
        return _answer(protected_resource(public_url, _unit(call)))

    routes = (
        Route(f"{_AUTHORIZATION_SERVER}/<unit>", PUBLIC, {"GET": issuer}),
        Route(f"{_PROTECTED_RESOURCE}/<unit>/scim/v2", PUBLIC, {"GET": resource}),
    )
    return Door("metadata", routes, failure)


def pointer(public_url: str, unit: str) -> str:
    """The challenge's parameter that leads to the metadata (RFC 9728 §5.1), or nothing for what
    is no unit's name: the text comes from the address, and goes into a header.
    """
    if not NAME.fullmatch(unit):
        return ""
    return f', resource_metadata="{public_url}{_PROTECTED_RESOURCE}/{unit}/scim/v2"'


def _unit(call: Call) -> str:
    unit = call.arguments["unit"]
    if not NAME.fullmatch(unit):
        raise NotFound("There is nothing at this address.")
    return unit


def _answer(metadata: Mapping[str, Any]) -> Answer:
    headers = [("Content-Type", "application/json"), ("Cache-Control", "max-age=3600")]
    return Answer(200, orjson.dumps(metadata), headers)
