"""What the page before told of a list: where it ended, and how long the list is.

A client that walks through a list asks for one page after another, by offset. What it is told of
one spares the database passing over it again on the way to the next, and counting the list again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class List:
    """A list in its own order, at one state of the unit: ``change`` is the unit's change number,
    ``plan`` and ``values`` are the condition. What is known of it stays true. ``namespace`` names
    the unit, since the number of one that was removed may be another's later.
    """

    namespace: str
    change: int
    plan: Hashable
    values: tuple[Any, ...]


class Bookmarks:
    """Kept by one process, which answers without them as well. The oldest of more than a thousand
    are forgotten.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[List, int | None], Any] = OrderedDict()
        self._lock = threading.Lock()

    def place(self, of: List, offset: int) -> Any | None:
        """The row after which the page at ``offset`` begins, or none where that isn't known."""
        return self._get((of, offset))

    def keep_place(self, of: List, offset: int, row: Any) -> None:
        self._keep((of, offset), row)

    def total(self, of: List) -> int | None:
        """How many rows the list has, or none where that isn't known."""
        total: int | None = self._get((of, None))
        return total

    def keep_total(self, of: List, total: int) -> None:
        self._keep((of, None), total)

    def _get(self, key: tuple[List, int | None]) -> Any | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: tuple[List, int | None], value: Any) -> None:
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
