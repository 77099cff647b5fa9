"""``python -m benchmarks.rosters``: what School Data Sync's cycle costs over OneRoster.

The five collections, 5,000 a page, as Microsoft asks for them, and then a delta of half a percent
of the people, beside the floor: the same server program behind Flask, answering the same bytes
ready-made. Times are of whole crawls, in seconds.
"""

from __future__ import annotations

import argparse
import json
import pickle
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from benchmarks import programs
from benchmarks.databases import database_of
from benchmarks.filling import fill_database
from benchmarks.floor import Ready
from benchmarks.load import Connection, Request, request
from benchmarks.operations import Asker
from benchmarks.population import UNIT, assignments, groups, users
from scim_server.clock import stamp, system_clock
from scim_server.database import Database, open_database
from scim_server.directory.drafts import Draft
from scim_server.directory.staging import Staging
from scim_server.directory.units import unit_named
from scim_server.settings import Settings

_PAGE = 5_000
_COLLECTIONS = ("academicSessions", "orgs", "users", "classes", "enrollments")
_ACTIVE = "status='active'"
_THREADS = {"sqlite": 1, "postgresql": 4}


class Crawl:
    """All the pages of one collection; ``answers`` are kept for the floor."""

    def __init__(self, collection: str, wanted: str, headers: list[tuple[str, str]]) -> None:
        self.collection, self._wanted, self._headers = collection, wanted, headers
        self.answers: dict[str, Ready] = {}
        self.found = 0

    def seconds(self, port: int) -> float:
        """Ask for every page, until one isn't full; only the time of requests counts."""
        connection, spent, self.found = Connection(port), 0.0, 0
        for asked in self._pages():
            begun = time.perf_counter()
            answer = connection.ask(asked)
            spent += time.perf_counter() - begun
            if answer.status != 200:
                raise RuntimeError(f"{self.collection}: {answer.status} {answer.body[:200]!r}")
            self.answers[asked.key] = Ready(200, answer.body)
            items = len(json.loads(answer.body)[self.collection])
            self.found += items
            if items < _PAGE:
                return spent
        raise AssertionError

    def _pages(self) -> Iterator[Request]:
        offset, wanted = 0, quote(self._wanted, safe="")
        while True:
            query = f"offset={offset}&limit={_PAGE}&filter={wanted}"
            path = f"/{UNIT}/ims/oneroster/v1p1/{self.collection}"
            yield request("GET", f"{path}?{query}", self._headers)
            offset += _PAGE


def main() -> None:
    options = _options()
    for kind in options.databases.split(","):
        _measure(kind, options.users)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rosters", description=__doc__)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--databases", default="sqlite,postgresql")
    return parser.parse_args()


def _measure(kind: str, count: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scim-bench-")))
        url, _ = stack.enter_context(database_of(kind, folder))
        port = programs.free_port()
        environ = {
            "SCIM_DATABASE_URL": url,
            "SCIM_MASTER_KEY": secrets.token_urlsafe(32),
            "SCIM_PORT": str(port),
            "SCIM_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "SCIM_WORKERS": "1",
        }
        settings = Settings.load(environ)
        database = stack.enter_context(
            closing(open_database(url, audit_keys=settings.keys("audit")))
        )
        filled = fill_database(database, settings, count)
        since = stamp(system_clock())
        _change(database, count)
        stack.callback(programs.server(environ, port, None, ()).stop)
        headers = Asker(port, UNIT, filled.register).headers
        crawls = [Crawl(each, _ACTIVE, headers) for each in _COLLECTIONS]
        crawls += [Crawl(each, f"dateLastModified>'{since}'", headers) for each in ("users",)]
        ours = [each.seconds(port) for each in crawls]
        ready = folder / "answers"
        ready.write_bytes(
            pickle.dumps({key: made for each in crawls for key, made in each.answers.items()})
        )
        floor = programs.free_port()
        stack.callback(programs.floor("flask_app", ready, url, floor, _THREADS[kind], None).stop)
        print(f"\n{kind}, {count:,} users, {_PAGE:,} a page")
        for each, spent in zip(crawls, ours, strict=True):
            name = each.collection if each in crawls[: len(_COLLECTIONS)] else "users, delta"
            print(
                f"  {name:18}{each.found:>10,} found  {spent:8.3f} s  "
                f"floor {each.seconds(floor):8.3f} s",
                flush=True,
            )


def _change(database: Database, count: int) -> None:
    """Another phone for every two hundredth person, by the register's way in."""
    with database.read() as connection:
        unit = unit_named(connection, UNIT)
    with Staging(database, unit) as staging:
        staging.add(_changed(count))
        staging.add(groups(count))
        staging.assign(assignments(count))
        differences = staging.compare()
        staging.apply(system_clock, actor="bench", facts={}, changed=differences.any)


def _changed(count: int) -> Iterator[Draft]:
    for number, draft in enumerate(users(count)):
        phone = "700" if number % 200 == 0 else "600"
        phones = [{"value": f"+48{phone}{number:06d}", "type": "mobile"}]
        yield replace(draft, document={**draft.document, "phoneNumbers": phones})


if __name__ == "__main__":
    main()
