"""The door of the token endpoints, open to everyone; errors in OAuth's words (RFC 6749 §5.2)."""

from __future__ import annotations

import json
from collections.abc import Callable

from flask import Response

from scim_server.errors import RequestFailed
from scim_server.http.exchange import Answer
from scim_server.http.flask_adapter import within_flask
from scim_server.http.routes import PUBLIC, Door, Route

_CODES = {429: "temporarily_unavailable"}


def token_door(**views: Callable[..., Response]) -> Door:
    """The door around Authlib's ``views``, each called with the name of the unit; a view's name is
    the end of its address.
    """
    routes = (
        Route(f"/<unit>/oauth2/{name}", PUBLIC, {"POST": within_flask(view)})
        for name, view in views.items()
    )
    return Door("oauth", tuple(routes), failure)


def failure(error: RequestFailed) -> Answer:
    code = _CODES.get(error.status, "invalid_request" if error.status < 500 else "server_error")
    body = json.dumps({"error": code, "error_description": error.detail}).encode()
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    return Answer(error.status, body, [*headers, *error.headers])
