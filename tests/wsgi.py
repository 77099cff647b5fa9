"""The application called as a server program calls it, without what a test client costs.

A test client spends a millisecond on each request; here thousands of them are affordable.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from flask import Flask


class Told(NamedTuple):
    """All of an answer but the request's own id."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, or the empty text."""
        return dict(self.headers).get(name, "")


@dataclass(frozen=True, slots=True)
class Caller:
    """Asks ``app`` with the bearer ``token``, or without where it is empty."""

    app: Flask
    token: str = ""

    def __call__(
        self, method: str, target: str, *, headers: Mapping[str, str] | None = None,
        body: bytes = b"", media: str = "application/scim+json",
    ) -> Told:  # fmt: skip
        """``target`` is what stands in the request line, encoded as it is to arrive."""
        path, _, query = target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "RAW_URI": target,
            "REQUEST_URI": target,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "127.0.0.1:8000",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if body:
            environ |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": media}
        if self.token:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {self.token}"
        for name, value in (headers or {}).items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return self._answer(environ)

    def _answer(self, environ: dict[str, Any]) -> Told:
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
            begun.append((status, headers))

        body = self.app.wsgi_app(environ, start)
        content = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        ((status, headers),) = begun
        kept = tuple((name, value) for name, value in headers if name != "X-Request-Id")
        return Told(int(status[:3]), kept, content)
