"""How long to wait between tries, and how a wait is ended when the process is told to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator

_FIRST_SECONDS = 1.0
_LONGEST_SECONDS = 60.0
TRIES = 8
"""After so many failures in a row, about four minutes, a person should hear of it."""

Random = Callable[[], float]
"""Answers a number from 0 to 1."""


def back_off(random: Random) -> Iterator[float]:
    """The seconds to wait after each failure: twice as long each time, up to a minute, and of that
    at least a half, so that those who failed together don't return together.
    """
    for number in range(TRIES):
        longest = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2**number)
        yield longest * (0.5 + random() / 2)
