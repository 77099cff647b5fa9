"""Discovery (RFC 7644 §4): the contract's documents, completed with this server's own figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scim_server.directory.models import Contract
from scim_server.scim.queries import Bounds

Document = Mapping[str, Any]


def documents(
    of: Contract, *, bounds: Bounds, cursor_lifetime: int
) -> Mapping[str, tuple[Document, ...]]:
    """By endpoint. What a setting decides is announced as it is set."""
    (config,) = of.documents["ServiceProviderConfig"]
    bulk = config["bulk"]
    if bulk["supported"]:
        bulk = {
            **bulk,
            "maxOperations": bounds.bulk_operations,
            "maxPayloadSize": bounds.body_bytes,
        }
    own = {
        **config,
        "bulk": bulk,
        "filter": {**config["filter"], "maxResults": bounds.page_size_max},
        "pagination": {
            **config["pagination"],
            "defaultPageSize": bounds.page_size_default,
            "maxPageSize": bounds.page_size_max,
            "cursorTimeout": cursor_lifetime,
        },
    }
    return {**of.documents, "ServiceProviderConfig": (own,)}


def placed(of: tuple[Document, ...], base: str) -> tuple[Document, ...]:
    """The documents with absolute ``meta.location``."""
    return tuple(
        {**each, "meta": {**each["meta"], "location": f"{base}{each['meta']['location']}"}}
        for each in of
    )
