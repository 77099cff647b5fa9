"""The floor: the same server program, answering the same requests with ready-made bytes.

``bare`` is a WSGI callable, ``flask_app`` the same behind one Flask route. The bytes were taken
from the product's own answers.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

Bodies = dict[str, bytes]


def _bodies() -> Bodies:
    # Written a moment ago by the process that started this one.
    loaded: Bodies = pickle.loads(Path(os.environ["FLOOR_BODIES"]).read_bytes())
    return loaded


def _key(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def bare() -> Callable[..., Iterable[bytes]]:
    bodies = _bodies()

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("CONTENT_LENGTH"):
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        body = bodies[_key(environ["PATH_INFO"], environ["QUERY_STRING"])]
        headers = [
            ("Content-Type", "application/scim+json"),
            ("Content-Length", str(len(body))),
        ]
        start_response("200 OK", headers)
        return [body]

    return app


def flask_app() -> Flask:
    bodies = _bodies()
    app = Flask(__name__, static_folder=None)

    def answer(path: str) -> Response:
        body = bodies[_key(f"/{path}", request.query_string.decode())]
        return Response(body, content_type="application/scim+json")

    app.add_url_rule("/<path:path>", view_func=answer, methods=["GET", "POST"])
    return app
