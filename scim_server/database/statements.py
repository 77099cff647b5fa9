"""Statements compiled once for each plan, and kept while there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

from sqlalchemy import Engine
from sqlalchemy.sql import ClauseElement

from scim_server.database.reading import Prepared

_KEPT = 1_000


class Statements:
    """Prepared statements by key. Keys may hold what clients ask for, so the oldest of more than a
    thousand are forgotten, and compiled again if they are asked for again.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._prepared: OrderedDict[Hashable, Prepared] = OrderedDict()

    def get(self, key: Hashable, build: Callable[[], ClauseElement]) -> Prepared:
        """The statement that ``build`` makes, compiled when it is first needed."""
        prepared = self._prepared.get(key)
        if prepared is None:
            prepared = self._prepared[key] = Prepared(build(), self._engine)
            if len(self._prepared) > _KEPT:
                self._prepared.popitem(last=False)
        return prepared

    def __len__(self) -> int:
        return len(self._prepared)
