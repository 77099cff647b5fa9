"""How SCIM writes a failure (RFC 7644 §3.12)."""

from __future__ import annotations

import orjson

from scim_server.errors import RequestFailed
from scim_server.http.exchange import Answer

MEDIA_TYPE = "application/scim+json"
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def failure(error: RequestFailed) -> Answer:
    """The error as a SCIM message; ``scimType`` stands only where the RFC defines one."""
    message = {"schemas": [_ERROR], "status": str(error.status), "detail": error.detail}
    if error.scim_type:
        message["scimType"] = error.scim_type
    headers = [("Content-Type", MEDIA_TYPE), *error.headers]
    return Answer(error.status, orjson.dumps(message), headers)
