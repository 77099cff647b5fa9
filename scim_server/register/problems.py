"""The problems of one reading, gathered without letting a spoilt file fill the memory."""

from __future__ import annotations

from collections.abc import Iterable

from scim_server.errors import BadRecords, Problem

KEPT = 1_000
"""So many problems are kept; the rest are counted."""


class Problems:
    """What was found so far, in the order of the files."""

    def __init__(self) -> None:
        self._kept: list[Problem] = []
        self.count = 0

    def add(self, *problems: Problem) -> None:
        """Take ``problems`` into account."""
        self.count += len(problems)
        self._kept.extend(problems[: KEPT - len(self._kept)])

    def extend(self, problems: Iterable[Problem]) -> None:
        """Take each of ``problems`` into account."""
        self.add(*problems)

    def listed(self) -> tuple[Problem, ...]:
        """The first problems, and a last line that counts those that are not listed."""
        more = self.count - len(self._kept)
        if not more:
            return tuple(self._kept)
        rule = f"{more:,} more problems are not listed"
        return (*self._kept, Problem(self._kept[-1].file, 0, "", rule))

    def refuse(self) -> None:
        """Refuse the whole reading if anything was found.

        :raises BadRecords: with the problems that are listed.
        """
        if self.count:
            raise BadRecords(self.listed(), count=self.count)
