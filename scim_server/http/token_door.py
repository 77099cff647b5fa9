"""The token endpoint's door: one public address, and errors in OAuth's words (RFC 6749 §5.2)."""

from __future__ import annotations

import json
from collections.abc import Callable

from flask import Response

from scim_server.errors import RequestFailed
from scim_server.http.exchange import Answer
from scim_server.http.flask_adapter import within_flask
from scim_server.http.routes import PUBLIC, Door, Route


def token_door(view: Callable[..., Response]) -> Door:
    """The door around Authlib's ``view``, which is called with the name of the unit."""
    route = Route("/<unit>/oauth2/token", PUBLIC, {"POST": within_flask(view)})
    return Door("oauth", (route,), failure)


def failure(error: RequestFailed) -> Answer:
    code = "invalid_request" if error.status < 500 else "server_error"
    body = json.dumps({"error": code, "error_description": error.detail}).encode()
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    return Answer(error.status, body, [*headers, *error.headers])
