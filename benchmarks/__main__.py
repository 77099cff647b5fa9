"""``python -m benchmarks``: what the program costs, beside the floor of its server program.

Reads are measured on a register unit, writes on a sandbox in the same database. The whole
measurement: ``python -m benchmarks --users 10000,100000 --seconds 2 --turns 3``.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks import comparisons, operations, programs, writes
from benchmarks.asking import Once
from benchmarks.crawling import crawl
from benchmarks.databases import database_of
from benchmarks.filling import Filled, fill_database, import_people
from benchmarks.operations import Asker, Crawl
from benchmarks.population import UNIT
from benchmarks.sandbox import SANDBOX
from benchmarks.turns import HEAD, Measuring, Step
from scim_server.database import Database, open_database
from scim_server.directory.tables import unit
from scim_server.settings import Settings

_THREADS = {"sqlite": 1, "postgresql": 4}
_MIB = 1024 * 1024


def main() -> None:
    options = _options()
    rows: list[dict[str, Any]] = []
    for database in options.databases.split(","):
        for count in map(int, options.users.split(",")):
            found = _measure(database, count, options)
            rows += [{"database": database, "users": count, **each} for each in found]
    comparisons.tell_growth(rows)
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--users", default="10000", help="sizes, by commas: 10000,100000")
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--connections", default="1,8")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each turn")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--only", default="", help="operations whose name has this pattern")
    parser.add_argument("--json", default="", help="also write the figures to this file")
    return parser.parse_args()


def _measure(kind: str, count: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    with ExitStack() as stack:
        core = stack.enter_context(_pinned())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scim-bench-")))
        url, others = stack.enter_context(database_of(kind, folder))
        port = programs.free_port()
        environ = {**programs.environment(url, port), **programs.UNHINDERED}
        settings = Settings.load(environ)
        database = stack.enter_context(
            closing(open_database(url, audit_keys=settings.keys("audit")))
        )
        started = time.perf_counter()
        filled = fill_database(database, settings, count)
        print(f"\n{kind}, {count:,} users: filled in {time.perf_counter() - started:.0f} s")
        ours = programs.server(environ, port, core, others)
        stack.callback(ours.stop)
        plan = _Plan(port, filled, options.only)
        ready = folder / "answers"
        ready.write_bytes(pickle.dumps(plan.once.answers))
        targets = {"ours": ours}
        for target in ("flask_app", "bare"):
            targets[target] = programs.floor(
                target, ready, url, programs.free_port(), _THREADS[kind], core
            )
            stack.callback(targets[target].stop)
        rows = list(_figures(plan, targets, database, options))
        comparisons.tell_members(rows)
        comparisons.tell_bulk(rows)
        rows.append({"operation": "import", **import_people(database, count, folder / "export")})
        return rows


@contextmanager
def _pinned() -> Iterator[int | None]:
    """This process on a core of its own, where there are two; yields another one for servers."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) == 1:
        yield None
        return
    os.sched_setaffinity(0, {cores[-1]})
    try:
        yield cores[0]
    finally:
        os.sched_setaffinity(0, set(cores))


class _Plan:
    """All that is measured, each asked once. What was changed for a delta is asked for first."""

    def __init__(self, port: int, filled: Filled, only: str) -> None:
        reader = Asker(port, UNIT, filled.register)
        writer = Asker(port, SANDBOX, filled.sandbox)
        self.once = Once(port, only)
        count, since = filled.world.count, filled.since
        self.reads: list[Step] = self.once.reads(operations.operations(reader, count, since))
        self.crawls: list[Crawl] = self.once.crawls(operations.crawls(reader, count, since))
        self.writes = self.once.writes(writes.writes(writer, filled.world))
        changed = writes.change_some(writer, filled.world)
        page = operations.delta_page("delta_page_100, after writes", writer, changed)
        rest = operations.delta_catch_up("delta_catch_up, after writes", writer, changed)
        self.reads += self.once.reads([page])
        self.crawls += self.once.crawls([rest])
        for each in (reader, writer, self.once):
            each.connection.close()


def _figures(
    plan: _Plan,
    targets: dict[str, programs.Program],
    database: Database,
    options: argparse.Namespace,
) -> Iterator[dict[str, Any]]:
    ours, floor = targets["ours"], targets["flask_app"]
    measuring = Measuring(targets, lambda: _changes(database), options.turns, options.seconds)
    connections = [int(each) for each in options.connections.split(",")]
    peak = 0
    print(HEAD)
    for step in plan.reads:
        for each in connections:
            yield from measuring.round([step], each)
        peak = max(peak, ours.memory())
    for walk in plan.crawls:
        yield crawl(walk, ours, floor, options.turns, options.seconds)
        peak = max(peak, ours.memory())
    for steps in plan.writes:
        for each in connections:
            yield from measuring.round(steps, each)
        peak = max(peak, ours.memory())
    print(f"peak memory of the server and its database: {peak / _MIB:.0f} MiB (PSS)")
    yield {"operation": "memory", "pss": peak}


def _changes(database: Database) -> int:
    """How many changes the sandbox has seen."""
    with database.read() as connection:
        return int(connection.scalars(select(unit.c.change).where(unit.c.name == SANDBOX)).one())


if __name__ == "__main__":
    main()
