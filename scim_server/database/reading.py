"""The read path's way to the database: statements compiled once, run by the driver itself.

A request pays for no ORM, no pool and no transaction: each thread keeps one connection in
autocommit mode, and a :class:`Prepared` statement is a string and the order of its parameters.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import ClauseElement

from scim_server.database.cursors import Cursors
from scim_server.errors import DatabaseUnavailable

_faults = logging.getLogger("scim_server.faults")

_STATEMENT_SECONDS = 10
_POSTGRESQL_SETTINGS = (
    f"statement_timeout = '{_STATEMENT_SECONDS}s'",
    "jit = off",  # compiling costs more than any of these reads
    "random_page_cost = 1.1",  # a directory fits into memory: indexes, not whole tables
)
_PROGRESS_STEPS = 200_000
"""SQLite asks whether to go on after so many steps of its machine, about every two milliseconds."""


class Prepared:
    """A compiled statement: its text and how parameters are handed to the driver."""

    __slots__ = ("_defaults", "_order", "text")

    def __init__(self, statement: ClauseElement, engine: Engine) -> None:
        compiled = statement.compile(dialect=engine.dialect)
        self.text = str(compiled)
        self._defaults = dict(compiled.params)
        positions = compiled.positiontup  # type: ignore[attr-defined]
        self._order: tuple[str, ...] | None = None if positions is None else tuple(positions)

    def bind(self, parameters: Mapping[str, Any]) -> Any:
        """The driver's form of ``parameters``: a tuple for SQLite, a mapping for PostgreSQL."""
        values = {**self._defaults, **parameters}
        if self._order is None:
            return values
        return tuple([values[name] for name in self._order])


class Reader:
    """Runs prepared statements on a connection of the calling thread.

    A lost connection is replaced and the read tried once more; when that fails too, or a
    statement takes longer than ten seconds, :class:`~scim_server.errors.DatabaseUnavailable`.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._cursors = Cursors(engine, self._set_up)
        self._deadline = threading.local()
        self._failures: tuple[type[Exception], ...] = (
            engine.dialect.loaded_dbapi.OperationalError,
            engine.dialect.loaded_dbapi.InterfaceError,
            SQLAlchemyError,
        )

    def prepare(self, statement: ClauseElement) -> Prepared:
        return Prepared(statement, self.engine)

    def rows(self, prepared: Prepared, parameters: Mapping[str, Any]) -> list[Any]:
        """All rows, as the driver's tuples."""
        try:
            return self._run(prepared, parameters)
        except self._failures as error:
            self._cursors.forget()
            if time.monotonic() > self._deadline.at:  # asked again it would take as long
                raise DatabaseUnavailable(
                    f"The search took longer than {_STATEMENT_SECONDS} seconds. Ask for less."
                ) from error
        try:
            return self._run(prepared, parameters)
        except self._failures as error:
            self._cursors.forget()
            _faults.error("database: %s", type(error).__name__)
            raise DatabaseUnavailable(
                "The database does not answer. Try again in a moment."
            ) from error

    def row(self, prepared: Prepared, parameters: Mapping[str, Any]) -> Any | None:
        """The first row, or none."""
        rows = self.rows(prepared, parameters)
        return rows[0] if rows else None

    def _run(self, prepared: Prepared, parameters: Mapping[str, Any]) -> list[Any]:
        self._deadline.at = time.monotonic() + _STATEMENT_SECONDS
        cursor = self._cursors.get()
        cursor.execute(prepared.text, prepared.bind(parameters))
        return cursor.fetchall()  # type: ignore[no-any-return]

    def _set_up(self, raw: Any) -> None:
        if self.engine.dialect.name == "sqlite":
            raw.execute("PRAGMA query_only=ON").close()
            raw.execute("PRAGMA mmap_size=134217728").close()
            local = self._deadline
            raw.set_progress_handler(
                lambda: time.monotonic() > getattr(local, "at", float("inf")), _PROGRESS_STEPS
            )
            return
        raw.autocommit = True
        for setting in _POSTGRESQL_SETTINGS:
            raw.execute(f"SET {setting}")

    def close(self) -> None:
        """Close the connections of all threads; call it when no request is running."""
        self._cursors.close()
