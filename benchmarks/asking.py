"""Asking everything once: what isn't right isn't measured, and the floors answer the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from benchmarks.floor import Ready
from benchmarks.load import Answer, Connection, Measured, Request
from benchmarks.operations import Crawl, Operation
from benchmarks.turns import Step, reading
from benchmarks.writes import Write

_ERROR = b"urn:ietf:params:scim:api:messages:2.0:Error"


class Once:
    """``answers`` holds what each request was answered, by its key. Of all that is given, what has
    the pattern ``only`` in its name is asked; another answer than expected raises
    :class:`RuntimeError`.
    """

    def __init__(self, port: int, only: str) -> None:
        self.answers: dict[str, Ready] = {}
        self.connection = Connection(port)
        self._is_chosen = re.compile(only).search

    def reads(self, operations: Iterable[Operation]) -> list[Step]:
        return [self._read(each) for each in operations if self._is_chosen(each.name)]

    def crawls(self, crawls: Iterable[Crawl]) -> list[Crawl]:
        chosen = [each for each in crawls if self._is_chosen(each.name)]
        for each in chosen:
            self._ask(each.name, each.at(1), 200)
        return chosen

    def writes(self, rounds: Iterable[Sequence[Write]]) -> list[list[Step]]:
        return [
            self._round(steps)
            for steps in rounds
            if any(self._is_chosen(each.name) for each in steps if each.name)
        ]

    def _read(self, operation: Operation) -> Step:
        total = b"" if operation.total is None else b'"totalResults":%d,' % operation.total
        for each in operation.requests:
            body = self._ask(operation.name, each, 200).body
            if body.count(b'"resourceType":"') != operation.holds or total not in body:
                raise RuntimeError(f"{operation.name}: {body[:200]!r}")
        return reading(operation)

    def _round(self, writes: Sequence[Write]) -> list[Step]:
        steps, done = [], Measured()
        for each in writes:
            first = next(iter(each.requests(done)))
            answer = self._ask(each.name, first, each.status, writes=True)
            done = Measured(requests=1, made=[answer.body])
            steps.append(Step(each, (first,), changes=True))
        return steps

    def _ask(self, name: str, asked: Request, status: int, *, writes: bool = False) -> Answer:
        answer = self.connection.ask(asked)
        if answer.status != status or _ERROR in answer.body:
            raise RuntimeError(f"{name}: {answer.status} {answer.body[:200]!r}")
        self.answers[asked.key] = Ready(status, answer.body, writes)
        return answer
