"""ListResponse bytes (RFC 7644 §3.4.2): a header, the joined resources, the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

_OPENING = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":'


def by_index(total: int, items: int, start_index: int, resources: bytes) -> bytes:
    """A page counted by ``startIndex``. ``resources`` is their JSON, separated by commas."""
    head = f'{_OPENING}{total},"itemsPerPage":{items},"startIndex":{start_index},"Resources":['
    return b"".join((head.encode(), resources, b"]}"))


def by_cursor(total: int, items: int, cursors: Mapping[str, str], resources: bytes) -> bytes:
    """A page by cursor (RFC 9865 §2); ``cursors`` holds nextCursor and previousCursor, if any."""
    ends = "".join(f'"{name}":"{value}",' for name, value in cursors.items())
    head = f'{_OPENING}{total},"itemsPerPage":{items},{ends}"Resources":['
    return b"".join((head.encode(), resources, b"]}"))


def of_documents(documents: tuple[Mapping[str, Any], ...]) -> bytes:
    """All of ``documents`` on one page, as discovery answers."""
    resources = b",".join(orjson.dumps(each) for each in documents)
    return by_index(len(documents), len(documents), 1, resources)
