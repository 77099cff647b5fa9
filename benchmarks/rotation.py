"""``python -m benchmarks.rotation``: what a rotation costs a client that reads all the while.

A client sends fifty requests a second, every tenth of them for a new token, to a server of several
worker processes at its default limits, through issue → rotate → end of the overlap → revocation.
Until the revocation no request may fail, and after it none may succeed: anything else is exit
code 1. The new secret is entered in the middle of the overlap, as an administrator would.
"""

from __future__ import annotations

import argparse
import base64
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing
from datetime import timedelta
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks import programs
from benchmarks.databases import database_of
from benchmarks.filling import fill_database
from benchmarks.population import UNIT
from scim_server.clock import system_clock
from scim_server.database import Database, open_database
from scim_server.directory.units import unit_named
from scim_server.oauth import credentials
from scim_server.oauth.credentials import Credentials
from scim_server.oauth.secrets import secret_id
from scim_server.settings import Settings

_PER_SECOND = 50
_READS_A_TOKEN = 9
_CONNECTIONS = 8


class Loop(threading.Thread):
    """The client: paced by the clock, on connections in turn, so that it meets every worker."""

    def __init__(self, port: int, given: Credentials) -> None:
        super().__init__(daemon=True)
        self.given, self.stage, self.stopped = given, "issued", threading.Event()
        self.answers: Counter[tuple[str, str, int]] = Counter()
        self._connections = [HTTPConnection("127.0.0.1", port) for _ in range(_CONNECTIONS)]
        self._token = ""

    def run(self) -> None:
        begun = time.perf_counter()
        for number in count():
            if self.stopped.wait(max(0.0, begun + number / _PER_SECOND - time.perf_counter())):
                return
            connection = self._connections[number % _CONNECTIONS]
            if number % (_READS_A_TOKEN + 1) == 0:
                self._ask(connection)
            else:
                self._read(connection)

    def _ask(self, connection: HTTPConnection) -> None:
        given = self.given
        pair = base64.b64encode(f"{given.client_id}:{given.client_secret}".encode()).decode()
        headers = {
            "Authorization": f"Basic {pair}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = self._send(
            connection, "token", "POST", f"/{UNIT}/oauth2/token", headers,
            "grant_type=client_credentials",
        )  # fmt: skip
        if b"access_token" in body:
            self._token = body.partition(b'"access_token": "')[2].partition(b'"')[0].decode()

    def _read(self, connection: HTTPConnection) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        self._send(connection, "read", "GET", f"/{UNIT}/scim/v2/Users?count=10", headers)

    def _send(
        self, connection: HTTPConnection, what: str, method: str, path: str, headers: Any,
        body: str | None = None,
    ) -> bytes:  # fmt: skip
        stage = self.stage
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
        if stage == self.stage:  # what was under way when the stage changed belongs to neither
            self.answers[stage, what, response.status] += 1
        return content


def main() -> None:
    options = _options()
    failed = [each for each in options.databases.split(",") if not _passes(each, options)]
    sys.exit(1 if failed else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rotation", description=__doc__)
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each stage")
    return parser.parse_args()


def _passes(kind: str, options: argparse.Namespace) -> bool:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scim-bench-")))
        url, _ = stack.enter_context(database_of(kind, folder))
        port = programs.free_port()
        environ = programs.environment(url, port, options.workers)
        settings = Settings.load(environ)
        database = stack.enter_context(
            closing(open_database(url, audit_keys=settings.keys("audit")))
        )
        filled = fill_database(database, settings, 1_000)
        stack.callback(programs.server(environ, port, None, ()).stop)
        loop = Loop(port, filled.register)
        loop.start()
        _live(database, settings, loop, options.seconds)
        loop.stopped.set()
        loop.join()
    return _tell(kind, loop)


def _live(database: Database, settings: Settings, loop: Loop, seconds: float) -> None:
    """Take the client's secret through its whole life."""
    time.sleep(seconds)
    with database.write() as connection:
        made = credentials.rotate(
            connection, unit_named(connection, UNIT), key=settings.key("digest"),
            public_url=settings.public_url, now=system_clock(), actor="bench",
            overlap=timedelta(seconds=seconds),
        )  # fmt: skip
    loop.stage = "overlap"
    time.sleep(seconds / 2)
    loop.given = made
    time.sleep(seconds / 2)
    loop.stage = "overlap ended"
    time.sleep(seconds)
    secret = secret_id(made.client_secret) or ""
    loop.stage = "being revoked"
    with database.write() as connection:
        credentials.revoke(
            connection, unit_named(connection, UNIT), secret, now=system_clock(), actor="bench",
            force=True,
        )  # fmt: skip
    loop.stage = "revoked"
    time.sleep(seconds / 2)


def _tell(kind: str, loop: Loop) -> bool:
    print(f"\n{kind}: {_PER_SECOND} requests a second")
    passed = True
    for stage in ("issued", "overlap", "overlap ended", "revoked"):
        found = {key[1:]: many for key, many in loop.answers.items() if key[0] == stage}
        # Who goes on asking for tokens with a revoked secret is soon told to wait.
        refused = {("read", 401), ("token", 401), ("token", 429)}
        right = refused if stage == "revoked" else {("read", 200), ("token", 200)}
        wrong = sum(many for key, many in found.items() if key not in right)
        passed = passed and not wrong and {what for what, _ in found} == {"read", "token"}
        told = ", ".join(
            f"{many:,} × {what} {status}" for (what, status), many in sorted(found.items())
        )
        print(f"  {stage:14} {told}; otherwise: {wrong}")
    print("  passed" if passed else "  FAILED")
    return passed


if __name__ == "__main__":
    main()
