"""What looks like a mass departure by mistake, wherever people would be deactivated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

_Kind = TypeVar("_Kind", bound=str)


def breaches(
    deactivated: Mapping[_Kind, int], live: Mapping[_Kind, int], max_percent: float
) -> Iterator[str]:
    """The kinds of which more than ``max_percent`` would be deactivated, as ``12 of 40 pupils``.

    ``live`` counts the active ones of each kind before. Exactly the limit is within it.
    """
    for kind, leaving in deactivated.items():
        # Multiplied, not divided: a quotient would be rounded.
        if leaving * 100 > live.get(kind, 0) * max_percent:
            yield f"{leaving:,} of {live.get(kind, 0):,} {kind}"
