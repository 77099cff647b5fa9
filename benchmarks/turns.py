"""Measuring in turns: ours, the floor behind Flask, the bare floor, and again.

A figure of one turn says little on a busy machine; medians of interleaved turns say more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from math import inf
from statistics import median
from typing import Any

from benchmarks.aims import aim
from benchmarks.load import Measured, Request, run
from benchmarks.operations import Operation
from benchmarks.programs import Program
from benchmarks.writes import Write

Figures = dict[str, Any]

HEAD = (
    f"{'operation':34}{'c':>3}{'req/s':>9}{'p50 ms':>8}{'p99 ms':>8}{'CPU ms':>8}"
    f"{'Flask floor':>13}{'ratio':>7}{'bare floor':>12}{'ratio':>7}{'aim':>8}{'reached':>9}"
)


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked in one turn, and ``ready``, what the floors are asked instead."""

    write: Write
    ready: tuple[Request, ...]
    changes: bool


def reading(operation: Operation) -> Step:
    return Step(
        Write(operation.name, lambda _: cycle(operation.requests)), operation.requests, False
    )


@dataclass(slots=True)
class _Turns:
    """One value a turn of each figure."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    halves: list[float] = field(default_factory=list)
    tails: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)


class Measuring:
    """``targets`` are ours and its floors; ``changes`` tells how many changes there were."""

    def __init__(
        self, targets: dict[str, Program], changes: Callable[[], int], turns: int, seconds: float
    ) -> None:
        self._targets = targets
        self._changes = changes
        self._turns = turns
        self._seconds = seconds

    def round(self, steps: Sequence[Step], connections: int) -> Iterator[Figures]:
        """The figures of each step that has a name, told as well.

        Raises :class:`RuntimeError` for a wrong answer, and for a write that changed nothing.
        """
        turns = [_Turns({name: [] for name in self._targets}) for _ in steps]
        for _ in range(self._turns):
            done = Measured()
            for step, seen in zip(steps, turns, strict=True):
                done = self._ours(step, connections, done, seen)
                if step.write.name:
                    self._floors(step, connections, seen)
        for step, seen in zip(steps, turns, strict=True):
            if step.write.name:
                yield _told(step.write.name, connections, seen)

    def _ours(self, step: Step, connections: int, done: Measured, seen: _Turns) -> Measured:
        program, write = self._targets["ours"], step.write
        requests, seconds = write.requests(done), inf if write.to_the_end else self._seconds
        cpu, changes = program.cpu_seconds(), self._changes()
        load = run(program.port, requests, connections, seconds, write.status)
        _check(write.name, load, "ours")
        seen.costs.append((program.cpu_seconds() - cpu) / load.requests)
        if self._changes() - changes != (load.requests if step.changes else 0):
            raise RuntimeError(f"{write.name}: not every request changed something")
        seen.rates["ours"].append(load.rate)
        seen.halves.append(load.percentile(0.5))
        seen.tails.append(load.percentile(0.99))
        return load

    def _floors(self, step: Step, connections: int, seen: _Turns) -> None:
        for name, program in self._targets.items():
            if name != "ours":
                load = run(
                    program.port, cycle(step.ready), connections, self._seconds, step.write.status
                )
                _check(step.write.name, load, name)
                seen.rates[name].append(load.rate)


def _check(what: str, load: Measured, target: str) -> None:
    if load.bad:
        raise RuntimeError(f"{what}: {load.bad} bad answers from {target}")


def _told(name: str, connections: int, seen: _Turns) -> Figures:
    rate, flask, bare = (median(each) for each in seen.rates.values())
    p50, p99, cpu = median(seen.halves), median(seen.tails), median(seen.costs)
    wanted = aim(name, connections, flask)
    aimed = "" if wanted is None else f"{wanted:8,.0f}{rate / wanted:9.0%}"
    print(
        f"{name:34}{connections:3}{rate:9,.0f}{p50 * 1e3:8.2f}{p99 * 1e3:8.2f}{cpu * 1e3:8.3f}"
        f"{flask:13,.0f}{rate / flask:7.2f}{bare:12,.0f}{rate / bare:7.2f}{aimed}",
        flush=True,
    )
    return {
        "operation": name, "connections": connections, "rate": rate, "p50": p50, "p99": p99,
        "cpu": cpu, "flask_floor": flask, "bare_floor": bare, "aim": wanted,
    }  # fmt: skip
