"""Walking a list to its end, page by page."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from itertools import cycle
from statistics import median
from typing import Any

from benchmarks.load import Connection, Request, run
from benchmarks.operations import Crawl
from benchmarks.programs import Program

_ID = re.compile(rb'"schemas":\["urn:[^]]*],"id":"([^"]+)"')


def crawl(
    walked: Crawl, ours: Program, floor: Program, turns: int, seconds: float
) -> dict[str, Any]:
    """The figures of ``turns`` walks, told as well.

    The floor is in resources a second: the first page's bytes, ready-made, behind Flask.
    """
    connection = Connection(ours.port)
    walks = [_walk(connection, walked, ours) for _ in range(turns)]
    connection.close()
    spent, first, last, cpu = (median(each) for each in zip(*walks, strict=True))
    rate = walked.total / spent
    ready = run(floor.port, cycle([walked.at(1)]), 1, seconds).rate * walked.page
    print(
        f"{walked.name:34}  1{rate:9,.0f} resources/s, floor {ready:,.0f}, ratio {rate / ready:.2f}"
        f", CPU {cpu * 1e3:.2f} ms a page, last page ÷ first page {last / first:.2f}",
        flush=True,
    )
    return {
        "operation": walked.name, "connections": 1, "rate": rate, "flask_floor": ready,
        "last_over_first": last / first, "cpu": cpu,
    }  # fmt: skip


def _walk(connection: Connection, walked: Crawl, ours: Program) -> tuple[float, ...]:
    """Seconds of request time in all, of the first and of the last full pages, and of CPU a page.

    Every resource must come exactly once.
    """
    times, seen, before = [], set(), ours.cpu_seconds()
    for each in _pages(connection, walked):
        begun = time.perf_counter()
        answer = connection.ask(each)
        times.append(time.perf_counter() - begun)
        seen.update(_ID.findall(answer.body))
    if len(seen) != walked.total:
        raise RuntimeError(f"{walked.name}: {len(seen)} resources, not {walked.total}")
    cpu = (ours.cpu_seconds() - before) / len(times)
    full = times[:-1] or times
    edge = max(1, len(full) // 20)
    return sum(times), median(full[:edge]), median(full[-edge:]), cpu


def _pages(connection: Connection, walked: Crawl) -> Iterator[Request]:
    cursor = ""
    for start in range(1, walked.total + 1, walked.page):
        asked = walked.at(start, cursor)
        yield asked
        if walked.by_cursor and start + walked.page <= walked.total:
            cursor = str(json.loads(connection.ask(asked).body)["nextCursor"])
