"""``python -m benchmarks.timing``: whether time tells which clients the token endpoint knows.

A client that there isn't and a wrong secret of one that there is are sent in pairs, in turn the
one and the other first, on one connection that stays open. Where the medians of their times
differ by more than 5 %, the exit code is 1. Measure on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urlencode

from benchmarks import programs
from benchmarks.databases import database_of
from benchmarks.load import Connection, Request, request
from benchmarks.sandbox import SANDBOX
from scim_server.clock import system_clock
from scim_server.database import Database, open_database
from scim_server.database.migrating import set_up
from scim_server.directory.units import add_sandbox
from scim_server.oauth import clients, credentials
from scim_server.oauth.secrets import new_secret
from scim_server.settings import Settings

_MOST = 0.05
_WARMING_UP = 100
_NOBODY = f"{SANDBOX}-00000000"
_FORM = [("Content-Type", "application/x-www-form-urlencoded")]


class Times(NamedTuple):
    """Seconds of each request: of the unknown client, and of the one that is known."""

    unknown: list[float]
    known: list[float]

    @property
    def ratio(self) -> float:
        return median(self.unknown) / median(self.known)


def main() -> None:
    options = _options()
    differ = [
        each for kind in options.databases.split(",") for each in _measure(kind, options.pairs)
        if abs(each.ratio - 1) > _MOST
    ]  # fmt: skip
    print(f"\n{'FAILED' if differ else 'passed'}: the most that they may differ by is {_MOST:.0%}")
    sys.exit(1 if differ else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timing", description=__doc__)
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--pairs", type=int, default=1_000)
    return parser.parse_args()


def _measure(kind: str, pairs: int) -> Iterator[Times]:
    with _served(kind) as (port, known):
        for what, client_id in known.items():
            times = _times(port, client_id, pairs)
            print(
                f"{kind}, {what}: unknown client {median(times.unknown) * 1e3:.3f} ms, wrong "
                f"secret {median(times.known) * 1e3:.3f} ms, ratio {times.ratio:.3f}",
                flush=True,
            )
            yield times


@contextmanager
def _served(kind: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The port of a running server, and the ids of its clients by what they have."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scim-bench-")))
        url, _ = stack.enter_context(database_of(kind, folder))
        port = programs.free_port()
        environ = {
            **programs.environment(url, port),
            # Not this machine's own address: failures that come from it are then somebody's
            # behind a proxy, and are not slowed down.
            "SCIM_PUBLIC_URL": "https://scim.example.edu.pl",
        }
        settings = Settings.load(environ)
        database = stack.enter_context(
            closing(open_database(url, audit_keys=settings.keys("audit")))
        )
        set_up(database)
        known = _fill(database, settings)
        stack.callback(programs.server(environ, port, None, ()).stop)
        yield port, known


def _fill(database: Database, settings: Settings) -> dict[str, str]:
    """A client with one live secret, and one that is being given another."""
    now = system_clock()
    with database.write() as connection:
        unit = add_sandbox(connection, name=SANDBOX, now=now, actor="bench")
        made = {
            name: clients.add(connection, unit, name, now=now, actor="bench").id
            for name in ("one", "two")
        }
        for name in ("one", "two", "two"):
            credentials.issue(
                connection, unit, key=settings.key("digest"), public_url=settings.public_url,
                now=now, actor="bench", client_name=name,
            )  # fmt: skip
    return {"one live secret": made["one"], "two live secrets": made["two"]}


def _times(port: int, client_id: str, pairs: int) -> Times:
    secret = new_secret().text
    unknown, known = (_asking(each, secret) for each in (_NOBODY, client_id))
    times = Times([], [])
    with closing(Connection(port)) as connection:
        for _ in range(_WARMING_UP):
            _time(connection, unknown)
            _time(connection, known)
        for number in range(pairs):
            pair = [(unknown, times.unknown), (known, times.known)]
            for asked, found in pair if number % 2 else reversed(pair):
                found.append(_time(connection, asked))
    return times


def _asking(client_id: str, secret: str) -> Request:
    form = {
        "grant_type": "client_credentials", "client_id": client_id, "client_secret": secret,
    }  # fmt: skip
    return request("POST", f"/{SANDBOX}/oauth2/token", _FORM, urlencode(form).encode())


def _time(connection: Connection, asked: Request) -> float:
    begun = time.perf_counter()
    answer = connection.ask(asked)
    passed = time.perf_counter() - begun
    if answer.status != 401:
        raise RuntimeError(f"{answer.status} {answer.body[:200]!r}")
    return passed


if __name__ == "__main__":
    main()
