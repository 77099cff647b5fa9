"""Flask's part: matching an address to its route, and carrying the answer out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from scim_server.errors import NotFound, UnknownMethod
from scim_server.http.exchange import Answer, Call
from scim_server.http.hallway import Hallway
from scim_server.http.routes import PUBLIC, Door, Route

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def open_door(app: Flask, hallway: Hallway, door: Door) -> None:
    """Register every route of ``door`` for every method: which are possible, the route tells."""
    for route in door.routes:
        app.add_url_rule(
            route.rule,
            endpoint=f"{door.name} {route.rule}",
            view_func=_view(hallway, door, route),
            methods=_METHODS,
            provide_automatic_options=False,
        )


def _view(hallway: Hallway, door: Door, route: Route) -> Callable[..., Response]:
    def view(**arguments: str) -> Response:
        return respond(hallway.enter(request.environ, door, route, arguments))

    return view


def respond(answer: Answer) -> Response:
    response = Response(answer.body, answer.status, answer.headers)
    if not answer.body:  # Flask would tell the type of nothing
        response.headers.pop("Content-Type", None)
    return response


def refuse_the_rest(app: Flask, hallway: Hallway, door: Door) -> None:
    """Addresses that no route has, and methods that no route knows, in the words of ``door``."""

    @app.errorhandler(HTTPException)
    def unknown(error: HTTPException) -> Response:
        def refuse(_call: Call) -> Answer:
            if error.code == HTTPStatus.METHOD_NOT_ALLOWED:  # RFC 9110 §9.1: unrecognised, so 501
                raise UnknownMethod("This method is not known here.")
            raise NotFound("There is nothing at this address.")

        route = Route("*", PUBLIC, {request.method: refuse, "GET": refuse})
        return respond(hallway.enter(request.environ, door, route, {}))


def within_flask(view: Callable[..., Response]) -> Callable[[Call], Answer]:
    """A handler for a view that reads ``flask.request``, such as Authlib's token endpoint.

    The body was read and measured before; Flask is given the same bytes again.
    """

    def handler(call: Call) -> Answer:
        environ = request.environ
        environ["wsgi.input"] = io.BytesIO(call.body)
        environ["CONTENT_LENGTH"] = str(len(call.body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        response = view(**call.arguments)
        return Answer(response.status_code, response.get_data(), list(response.headers))

    return handler


class ShortWay:
    """Answers the hottest addresses before Flask matches anything, by the very same routes.

    Matching and wrapping cost Flask two thirds of a small request. The answers are the same to
    the byte, which a test holds; whatever doesn't fit goes on to Flask.
    """

    def __init__(
        self,
        wsgi_app: Callable[..., Iterable[bytes]],
        hallway: Hallway,
        door: Door,
        match: Callable[[str], tuple[Route, Mapping[str, str]] | None],
    ) -> None:
        self._wsgi_app = wsgi_app
        self._hallway = hallway
        self._door = door
        self._match = match

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        is_known = environ["REQUEST_METHOD"] in _SHORT
        found = self._match(environ["PATH_INFO"]) if is_known else None
        if found is None:
            return self._wsgi_app(environ, start_response)
        route, arguments = found
        answer = self._hallway.enter(environ, self._door, route, arguments)
        headers = answer.headers
        if answer.status not in _WITHOUT_LENGTH:
            headers = [*headers, ("Content-Length", str(len(answer.body)))]
        start_response(_STATUS_LINES.get(answer.status, str(answer.status)), headers)
        return [answer.body]


_SHORT = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE"))
_WITHOUT_LENGTH = (204, 304)
"""RFC 9110 §8.6: the one has no content, the other would have to tell the length of the 200."""

_STATUS_LINES = {
    status: Response(status=status).status
    for status in (
        200, 201, 204, 304, 400, 401, 403, 404, 405, 406, 409, 412, 413, 414, 415, 429, 500, 501,
        503,
    )
}  # fmt: skip
