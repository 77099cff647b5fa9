"""The double behind HTTP/1.1, on the loopback interface alone."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from scim_server.inbound.simulator.messages import LONGEST, Answer, Request
from scim_server.inbound.simulator.service import Simulator

LOOPBACK = "127.0.0.1"


class Server(ThreadingHTTPServer):
    """Serves one simulator. Port 0 takes a free one."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, simulator: Simulator, port: int) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.simulator = simulator

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is nothing to tell; anything else is a mistake of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave together: a client that keeps its connection would wait in between.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Server

    def _respond(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self._refuse(411, "LengthRequired", "Content-Length is required.")
        elif int(length) > LONGEST:
            self._refuse(413, "RequestEntityTooLarge", f"At most {LONGEST} bytes are taken.")
        elif self.headers.get("Host", "").partition(":")[0] not in (LOOPBACK, "localhost"):
            # A page in a browser that was led here by a name of its own is not the rehearsal.
            self._refuse(421, "MisdirectedRequest", f"Call {self.server.address}.")
        else:
            self._send(self.server.simulator.handle(self._request(int(length))))

    def __getattr__(self, name: str) -> Callable[[], None]:
        """One answer to every method, ``do_GET`` and the like, so that Graph's 405 is told."""
        if name.startswith("do_"):
            return self._respond
        raise AttributeError(name)

    def _request(self, length: int) -> Request:
        target = urlsplit(self.path)
        return Request(
            method=self.command,
            path=unquote(target.path),
            query=dict(parse_qsl(target.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
            base=f"http://{self.headers['Host']}",
        )

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Refuse a request whose body stays unread, so that the connection can't go on."""
        self.close_connection = True
        body = {"error": {"code": code, "message": message}}
        self._send(Answer(status, body, {"Connection": "close"}))

    def _send(self, answer: Answer | None) -> None:
        if answer is None:
            self.close_connection = True
            return
        body = b"" if answer.body is None else orjson.dumps(answer.body)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", "application/json")
        if answer.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Addresses hold logins; nothing of a request is written."""


@contextmanager
def serving(simulator: Simulator, port: int = 0) -> Iterator[Server]:
    """A server in threads of this process, until the end of the block."""
    with Server(simulator, port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
