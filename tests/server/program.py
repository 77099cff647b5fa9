"""The server program as an operator starts it, and clients that speak HTTP byte by byte."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from scim_server.oauth.credentials import Credentials
from tests.school import KEY

PROGRAM = Path(sys.executable).with_name("scim-server")
SECONDS = 30
"""The longest that anything here may take; all of it takes a fraction."""

MAX_BODY = 16_384
UNIT = "/sp12/scim/v2"


@dataclass(frozen=True)
class School:
    """SQLite files with a served school, and what a client needs to read it."""

    folder: Path
    credentials: Credentials
    token: str
    ids: Mapping[str, str]

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder}/school.db"

    def copy(self, folder: Path) -> School:
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)

    def environ(self, port: int, **changes: str) -> dict[str, str]:
        """The whole environment of the program: nothing of ours leaks into it."""
        return {
            "PATH": os.environ["PATH"],
            "SCIM_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "SCIM_PORT": str(port),
            "SCIM_DATABASE_URL": self.database_url,
            "SCIM_MASTER_KEY": KEY,
            "SCIM_WORKERS": "1",
            "SCIM_MAX_BODY_BYTES": str(MAX_BODY),
            "SCIM_REQUEST_BURST": "1000000",
            **changes,
        }


@dataclass(frozen=True)
class Reply:
    """One answer; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)  # type: ignore[no-any-return]


class Program:
    """A running ``scim-server serve``. Its standard error lies in ``log``."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, school: School, log: Path):
        self.process, self.port, self.school, self.log = process, port, school, log

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                self.connect().close()
                return
            except ConnectionRefusedError:
                self._wait_a_moment()
        raise TimeoutError(self.log.read_text())

    def _wait_a_moment(self) -> None:
        try:
            self.process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            return
        raise ChildProcessError(self.log.read_text())

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        """One request with the live token on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request(method, UNIT + path, headers=self.authorized(**headers))
            return reply(connection.getresponse())
        finally:
            connection.close()

    def authorized(self, **headers: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.school.token}", **headers}

    def talk(self, *pieces: bytes) -> Reply:
        """Send bytes as they are and read one answer."""
        with self.connect() as client:
            for piece in pieces:
                client.sendall(piece)
            return read_reply(client)

    def head(self, start: str, *more: str) -> bytes:
        """A request's head: ``start`` is the method and path, ``more`` its other headers."""
        lines = (
            f"{start} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            f"Authorization: Bearer {self.school.token}",
            *more,
        )
        return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"

    def search_head(self, *more: str) -> bytes:
        return self.head(
            f"POST {UNIT}/Users/.search", "Content-Type: application/scim+json", *more
        )  # fmt: skip

    def tell_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def exit_code(self) -> int:
        return self.process.wait(timeout=SECONDS)

    def wait_until_refusing(self) -> None:
        """Until no new connection is accepted, which tells that stopping has begun."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                with self.connect() as client:
                    # Nobody accepts any longer, but the queue may still be there for a moment.
                    client.settimeout(0.05)
                    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                    if not client.recv(1):
                        return
            except TimeoutError:
                continue
            except OSError:
                return
        raise TimeoutError("The program still accepts connections.")

    def access_lines(self) -> list[dict[str, Any]]:
        lines = (json.loads(line) for line in self.log.read_text().splitlines() if line[:1] == "{")
        return [line for line in lines if line["log"] == "scim_server.access"]


@contextmanager
def serving(school: School, **changes: str) -> Iterator[Program]:
    """The program on a free port, stopped at the end."""
    port = free_port()
    log = school.folder / f"{port}.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [PROGRAM, "serve"],
            cwd=school.folder,
            env=school.environ(port, **changes),
            stdout=errors,
            stderr=errors,
        )
    program = Program(process, port, school, log)
    try:
        program.wait_until_up()
        yield program
    finally:
        process.terminate()
        try:
            process.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def reply(response: HTTPResponse) -> Reply:
    body = response.read()
    return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, body)


def read_reply(client: socket.socket, method: str = "GET") -> Reply:
    response = HTTPResponse(client, method=method)
    response.begin()
    return reply(response)


def search(**members: Any) -> bytes:
    schema = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
    return json.dumps({"schemas": [schema], **members}).encode()


def chunks(*parts: bytes) -> bytes:
    """``parts`` in chunked framing (RFC 9112 §7.1), with the last chunk."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
