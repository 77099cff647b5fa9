"""Two clients in processes of their own, that send one request each at the same moment."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

from tests.sandbox import PATCH_OP
from tests.server.program import SECONDS, Program
from tests.server.sandboxes import BASE


@dataclass(frozen=True)
class Call:
    """One request; ``body`` is sent as SCIM JSON."""

    method: str
    path: str
    body: Any = None
    if_match: str = ""


@dataclass(frozen=True)
class Answer:
    """What came back, and when the request was sent and answered (on one clock for all)."""

    status: int
    body: Any
    began: float
    ended: float


def patch(path: str, *operations: dict[str, Any], if_match: str = "") -> Call:
    return Call("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)}, if_match)


class Race:
    """Two writers, and how their rounds went so far."""

    def __init__(self, writers: Sequence[Connection], referee: HTTPConnection, token: str) -> None:
        self._writers, self._referee, self._token = writers, referee, token
        self.forget()

    def forget(self) -> None:
        """Begin to count anew."""
        self.rounds = self.overlapping = 0
        self._won = Counter[int]()
        self._seconds = 0.0

    def __str__(self) -> str:
        won = f", won {self._won[0]} : {self._won[1]}" if self._won else ""
        return (
            f"{self.rounds} rounds, {self.overlapping} overlapping{won}, "
            f"{1_000 * self._seconds / max(1, self.rounds):.1f} ms each"
        )

    def run(self, first: Call, second: Call) -> tuple[Answer, Answer]:
        """Both calls at once; neither may fail on the server's side."""
        for writer, call in zip(self._writers, (first, second), strict=True):
            writer.send(call)
        one, other = (writer.recv() for writer in self._writers)
        assert one.status < 500, one.body
        assert other.status < 500, other.body
        self.rounds += 1
        self.overlapping += max(one.began, other.began) < min(one.ended, other.ended)
        self._seconds += max(one.ended, other.ended) - min(one.began, other.began)
        return one, other

    def winner(self, first: Call, second: Call, *, wins: int, loses: int) -> Answer:
        """The answer of the only one that had its way."""
        one, other = self.run(first, second)
        assert sorted((one.status, other.status)) == [wins, loses], (one.body, other.body)
        self._won[int(other.status == wins)] += 1
        return one if one.status == wins else other

    def both(self, first: Call, second: Call) -> tuple[Answer, Answer]:
        """The answers of two that both had their way."""
        one, other = self.run(first, second)
        assert max(one.status, other.status) < 300, (one.body, other.body)
        return one, other

    def do(self, call: Call) -> Any:
        """A call of the referee alone, which has to succeed."""
        answer = _send(self._referee, self._token, call)
        assert answer.status < 300, answer.body
        return answer.body


@contextmanager
def racing(programs: Sequence[Program]) -> Iterator[Race]:
    """One writer for each of two programs, which serve the same sandbox."""
    spawning = multiprocessing.get_context("spawn")
    start = spawning.Barrier(len(programs))
    ends, processes = [], []
    for program in programs:
        here, there = spawning.Pipe()
        arguments = (program.port, program.school.token, there, start)
        process = spawning.Process(target=_write, args=arguments, daemon=True)
        process.start()
        there.close()
        ends.append(here)
        processes.append(process)
    referee = HTTPConnection("127.0.0.1", programs[0].port, timeout=SECONDS)
    try:
        yield Race(ends, referee, programs[0].school.token)
    finally:
        referee.close()
        for here, process in zip(ends, processes, strict=True):
            here.close()
            process.join(SECONDS)


def _write(port: int, token: str, calls: Connection, start: Barrier) -> None:
    """A writer's whole life: wait for a call, wait for the other writer, send, tell."""
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    while True:
        try:
            call = calls.recv()
        except EOFError:
            return
        start.wait(SECONDS)
        calls.send(_send(connection, token, call))


def _send(connection: HTTPConnection, token: str, call: Call) -> Answer:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
    if call.if_match:
        headers["If-Match"] = call.if_match
    body = None if call.body is None else json.dumps(call.body)
    began = time.monotonic()
    connection.request(call.method, BASE + call.path, body, headers)
    response = connection.getresponse()
    text = response.read()
    ended = time.monotonic()
    return Answer(response.status, json.loads(text) if text else None, began, ended)
