"""The floor: the same server program, answering the same requests with ready-made bytes.

``bare`` is a WSGI callable, ``flask_app`` the same behind one Flask route. The bytes were taken
from the product's own answers. A write changes one row of the same database and commits it.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from sqlalchemy import update

from benchmarks.population import UNIT
from scim_server.database import Prepared, open_database
from scim_server.directory.tables import unit


@dataclass(frozen=True, slots=True)
class Ready:
    """A ready-made answer; ``writes`` tells whether the database is written first."""

    status: int
    body: bytes
    writes: bool = False

    @property
    def headers(self) -> list[tuple[str, str]]:
        if self.status == HTTPStatus.NO_CONTENT:
            return []
        return [
            ("Content-Type", "application/scim+json"),
            ("Content-Length", str(len(self.body))),
        ]


def _answers() -> dict[str, Ready]:
    # Written a moment ago by the process that started this one.
    loaded: dict[str, Ready] = pickle.loads(Path(os.environ["FLOOR_ANSWERS"]).read_bytes())
    return loaded


def _key(method: str, path: str, query: str) -> str:
    return f"{method} {path}?{query}" if query else f"{method} {path}"


def _writing() -> Callable[[], None]:
    writer = open_database(os.environ["FLOOR_DATABASE"]).writer
    counted = update(unit).where(unit.c.name == UNIT).values(change=unit.c.change + 1)
    statement = Prepared(counted, writer.engine)

    def write() -> None:
        with writer.transaction() as transaction:
            transaction.run(statement, {})

    return write


def bare() -> Callable[..., Iterable[bytes]]:
    answers, write = _answers(), _writing()
    lines = {each.value: f"{each.value} {each.phrase}" for each in HTTPStatus}

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("CONTENT_LENGTH"):
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        key = _key(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"])
        ready = answers[key]
        if ready.writes:
            write()
        start_response(lines[ready.status], ready.headers)
        return [ready.body]

    return app


def flask_app() -> Flask:
    answers, write = _answers(), _writing()
    app = Flask(__name__, static_folder=None)

    def answer(path: str) -> Response:
        request.get_data()
        ready = answers[_key(request.method, f"/{path}", request.query_string.decode())]
        if ready.writes:
            write()
        return Response(ready.body, ready.status, ready.headers)

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    app.add_url_rule("/<path:path>", view_func=answer, methods=methods)
    return app
