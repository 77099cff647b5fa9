"""``python -m benchmarks.rosters``: what School Data Sync's cycle costs over OneRoster.

The five collections, 5,000 a page, as Microsoft asks for them, and then the deltas after an import
that changed half a percent of the people and of their enrolments, beside the floor: the same server
program behind Flask, answering the same bytes ready-made.

Of each page the median of the turns counts. ``first`` is what the first turn took: School Data Sync
asks once after each import, when the server knows no totals and places from a turn before. CPU time
is the server's and its database's; it tells more than the clock where the machine has other work.
The whole measurement: ``python -m benchmarks.rosters --users 100000 --turns 5``.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from urllib.parse import quote

from benchmarks import programs
from benchmarks.databases import database_of
from benchmarks.filling import client_of
from benchmarks.floor import Ready
from benchmarks.load import Connection, Request, request
from benchmarks.operations import Asker
from benchmarks.population import UNIT, assignments, fill, groups, users
from benchmarks.programs import Program
from scim_server.clock import stamp, system_clock
from scim_server.database import Database, open_database
from scim_server.database.migrating import set_up
from scim_server.directory.drafts import Assignment, Draft
from scim_server.directory.staging import Staging
from scim_server.directory.units import unit_named
from scim_server.oauth.credentials import Credentials
from scim_server.settings import Settings

_PAGE = 5_000
_COLLECTIONS = ("academicSessions", "orgs", "users", "classes", "enrollments")
_CHANGING = ("users", "classes", "enrollments")
_ACTIVE = "status='active'"
_HEAD = (
    f"{'':20}{'objects':>10}{'requests':>9}{'first':>8}{'seconds':>9}{'floor':>8}{'ratio':>7}"
    f"{'CPU s':>8}{'floor':>8}{'ratio':>7}{'page, ms':>10}{'worst':>8}{'floor':>8}"
)
_WRITTEN_DOWN = 2.5
"""Seconds after which the server has written down what it gave to whom: that counts for the walk
in which it was given, not for the next.
"""
_THREADS = {"sqlite": 1, "postgresql": 4}


@dataclass(frozen=True, slots=True)
class Walk:
    """What one walk to the end of a list took, in seconds: each page, and CPU time in all."""

    pages: list[float]
    cpu: float


@dataclass(slots=True)
class Crawl:
    """All the pages of one collection. ``answers`` are kept for the floor, ``found`` counts the
    objects of the last walk.
    """

    name: str
    collection: str
    filter: str
    headers: list[tuple[str, str]]
    answers: dict[str, Ready] = field(default_factory=dict)
    found: int = 0

    def walk(self, asked: Program, connection: Connection) -> Walk:
        """Ask for every page until one isn't full; every object has to come."""
        self.found, pages, before = 0, [], asked.cpu_seconds()
        for each in self._pages():
            begun = time.perf_counter()
            answer = connection.ask(each)
            pages.append(time.perf_counter() - begun)
            if answer.status != 200:
                raise RuntimeError(f"{self.name}: {answer.status} {answer.body[:200]!r}")
            self.answers[each.key] = Ready(200, answer.body)
            items = answer.body.count(b'"status":"')
            self.found += items
            if items < _PAGE:
                time.sleep(_WRITTEN_DOWN)
                return Walk(pages, asked.cpu_seconds() - before)
        raise AssertionError

    def _pages(self) -> Iterator[Request]:
        offset, wanted = 0, quote(self.filter, safe="")
        while True:
            query = f"offset={offset}&limit={_PAGE}&filter={wanted}"
            path = f"/{UNIT}/ims/oneroster/v1p1/{self.collection}"
            yield request("GET", f"{path}?{query}", self.headers)
            offset += _PAGE


@dataclass(frozen=True, slots=True)
class Cost:
    """The medians over the turns: seconds of the pages in all, CPU seconds, and milliseconds of a
    page; and the seconds of the ``first`` turn.
    """

    pages: int
    first: float
    seconds: float
    cpu: float
    median: float
    worst: float

    @classmethod
    def of(cls, walks: Sequence[Walk]) -> Cost:
        pages = [median(each) for each in zip(*(walk.pages for walk in walks), strict=True)]
        return cls(
            len(pages), sum(walks[0].pages), sum(pages), median(walk.cpu for walk in walks),
            median(pages) * 1e3, max(pages) * 1e3,
        )  # fmt: skip


def main() -> None:
    options = _options()
    for kind in options.databases.split(","):
        _measure(kind, options.users, options.turns)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rosters", description=__doc__)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--turns", type=int, default=3)
    return parser.parse_args()


def _measure(kind: str, count: int, turns: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scim-bench-")))
        url, others = stack.enter_context(database_of(kind, folder))
        port = programs.free_port()
        environ = {**programs.environment(url, port), **programs.UNHINDERED}
        settings = Settings.load(environ)
        database = stack.enter_context(
            closing(open_database(url, audit_keys=settings.keys("audit")))
        )
        credentials, since = _fill(database, settings, count)
        ours = programs.server(environ, port, None, others)
        stack.callback(ours.stop)
        asker = Asker(port, UNIT, credentials)
        asker.connection.close()
        crawls = _crawls(asker.headers, since)
        costs = _costs(crawls, ours, turns)
        ready = folder / "answers"
        ready.write_bytes(
            pickle.dumps({key: made for each in crawls for key, made in each.answers.items()})
        )
        bare = programs.floor(
            "flask_app", ready, url, programs.free_port(), _THREADS[kind], None
        )  # fmt: skip
        stack.callback(bare.stop)
        _tell(
            f"{kind}, {count:,} users, {_PAGE:,} a page", crawls, costs, _costs(crawls, bare, turns)
        )


def _crawls(headers: list[tuple[str, str]], since: str) -> list[Crawl]:
    deltas = [
        Crawl(f"{each}, delta", each, f"dateLastModified>'{since}'", headers) for each in _CHANGING
    ]
    return [*(Crawl(each, each, _ACTIVE, headers) for each in _COLLECTIONS), *deltas]


def _costs(crawls: Sequence[Crawl], asked: Program, turns: int) -> list[Cost]:
    """The crawls take turns, so that what disturbs the machine disturbs all alike."""
    with closing(Connection(asked.port)) as connection:
        walks = [[each.walk(asked, connection) for each in crawls] for _ in range(turns)]
    return [Cost.of(own) for own in zip(*walks, strict=True)]


def _tell(title: str, crawls: Sequence[Crawl], ours: list[Cost], floor: list[Cost]) -> None:
    """``ratio`` is the floor's time over ours; of CPU time, too."""
    print(f"\n{title}")
    print(_HEAD)
    for crawl, own, bare in zip(crawls, ours, floor, strict=True):
        print(
            f"{crawl.name:20}{crawl.found:>10,}{own.pages:>9}{own.first:>8.3f}"
            f"{own.seconds:>9.3f}{bare.seconds:>8.3f}{_ratio(bare.seconds, own.seconds):>7}"
            f"{own.cpu:>8.2f}{bare.cpu:>8.2f}{_ratio(bare.cpu, own.cpu):>7}"
            f"{own.median:>10.1f}{own.worst:>8.1f}{bare.median:>8.1f}",
            flush=True,
        )


def _ratio(floor: float, ours: float) -> str:
    """The system counts CPU time in hundredths of a second: it may have counted none."""
    return f"{floor / ours:.2f}" if ours and floor else "–"


def _fill(database: Database, settings: Settings, count: int) -> tuple[Credentials, str]:
    """A client of the unit, and a time after which something of it was changed."""
    started = time.perf_counter()
    set_up(database)
    fill(database, count)
    since = stamp(system_clock())
    _change(database, count)
    with database.write() as connection:
        credentials = client_of(connection, settings, UNIT)
    print(f"filled in {time.perf_counter() - started:.0f} s", flush=True)
    return credentials, since


def _change(database: Database, count: int) -> None:
    """Another phone and another class for every two hundredth person, by the register's way in."""
    with database.read() as connection:
        unit = unit_named(connection, UNIT)
    with Staging(database, unit) as staging:
        staging.add(_changed(count))
        staging.add(groups(count))
        staging.assign(_moved(count))
        differences = staging.compare()
        staging.apply(system_clock, actor="bench", facts={}, changed=differences.any)


def _changed(count: int) -> Iterator[Draft]:
    for number, draft in enumerate(users(count)):
        phone = "700" if number % 200 == 0 else "600"
        phones = [{"value": f"+48{phone}{number:06d}", "type": "mobile"}]
        yield replace(draft, document={**draft.document, "phoneNumbers": phones})


def _moved(count: int) -> Iterator[Assignment]:
    """Every two hundredth enrolment is of another person than before."""
    for number, each in enumerate(assignments(count)):
        if number % 200:
            yield each
        else:
            yield Assignment(each.group, f"U-{(int(each.person[2:]) + count // 2) % count:06d}")


if __name__ == "__main__":
    main()
