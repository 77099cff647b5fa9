"""One connection for each thread that asks, set up once and kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection


class Cursors:
    """Cursors of connections of their own. ``set_up`` is given each new driver connection.

    The connections never go back to the engine's pool: their settings are for one purpose.
    """

    def __init__(self, engine: Engine, set_up: Callable[[Any], None]) -> None:
        self._engine = engine
        self._set_up = set_up
        self._thread = threading.local()
        self._connections: list[PoolProxiedConnection] = []

    @property
    def is_open(self) -> bool:
        """Whether the calling thread has a cursor already."""
        return getattr(self._thread, "cursor", None) is not None

    def get(self) -> Any:
        """The calling thread's cursor; opens a connection where it has none."""
        cursor = getattr(self._thread, "cursor", None)
        return self._open() if cursor is None else cursor

    def _open(self) -> Any:
        connection = self._engine.raw_connection()
        raw: Any = connection.dbapi_connection
        connection.detach()
        self._set_up(raw)
        self._connections.append(connection)
        self._thread.connection = connection
        is_sqlite = self._engine.dialect.name == "sqlite"
        self._thread.cursor = raw.cursor() if is_sqlite else raw.cursor(binary=True)
        return self._thread.cursor

    def forget(self) -> None:
        """Drop this thread's connection; the next call opens another."""
        connection = getattr(self._thread, "connection", None)
        self._thread.cursor = self._thread.connection = None
        if connection is not None:
            self._connections.remove(connection)
            connection.close()

    def close(self) -> None:
        """Close the connections of all threads; call it when no request is running."""
        while self._connections:
            self._connections.pop().close()
        self._thread = threading.local()
