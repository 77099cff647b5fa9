"""Request bodies: their media type, and the JSON in them."""

from __future__ import annotations

from typing import Any

from scim_server.errors import UnsupportedMedia
from scim_server.http.exchange import Call
from scim_server.http.strict_json import loads
from scim_server.scim.failures import MEDIA_TYPE

OFFERED = (MEDIA_TYPE, "application/json")
"""What is taken and given; the first is the one that the RFC registers."""


def json_of(call: Call, *, max_depth: int) -> Any:
    """The JSON of the body. Raises :class:`~scim_server.errors.UnsupportedMedia` and
    :class:`~scim_server.errors.InvalidSyntax`.
    """
    if call.content_type not in OFFERED:
        raise UnsupportedMedia(f"Send the body as {MEDIA_TYPE}.")
    return loads(call.body, max_depth=max_depth)
