"""The write path's way to the database: short transactions of prepared statements.

As on the read path, each thread keeps one connection and hands finished statements to the driver.
A transaction is BEGIN, a few indexed statements, COMMIT; nothing is asked of a pool.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine

from scim_server.database.cursors import Cursors
from scim_server.database.reading import Prepared
from scim_server.errors import DatabaseUnavailable

_WAIT_MILLISECONDS = 10_000
"""How long a request waits for another writer before it is told to come back."""

_POSTGRESQL_SETTINGS = (
    f"lock_timeout = {_WAIT_MILLISECONDS}",
    f"statement_timeout = {_WAIT_MILLISECONDS}",
    "jit = off",
    "random_page_cost = 1.1",
)


class Transaction:
    """One open transaction. ``undo`` makes it leave no trace, though nothing failed."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.undone = False

    def rows(self, prepared: Prepared, parameters: Mapping[str, Any]) -> list[Any]:
        """All rows, as the driver's tuples; for a statement that returns rows."""
        self._cursor.execute(prepared.text, prepared.bind(parameters))
        return self._cursor.fetchall()  # type: ignore[no-any-return]

    def row(self, prepared: Prepared, parameters: Mapping[str, Any]) -> Any | None:
        """The first row, or none."""
        rows = self.rows(prepared, parameters)
        return rows[0] if rows else None

    def run(self, prepared: Prepared, parameters: Mapping[str, Any]) -> None:
        """Run a statement that returns nothing."""
        self._cursor.execute(prepared.text, prepared.bind(parameters))

    def run_all(self, prepared: Prepared, parameters: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that returns nothing for each of ``parameters``."""
        if parameters:
            self._cursor.executemany(prepared.text, [prepared.bind(each) for each in parameters])

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What happens within is undone where it raises; what came before stays."""
        self._cursor.execute("SAVEPOINT step")
        try:
            yield
        except BaseException:
            self._cursor.execute("ROLLBACK TO SAVEPOINT step")
            self._cursor.execute("RELEASE SAVEPOINT step")
            raise
        self._cursor.execute("RELEASE SAVEPOINT step")

    def undo(self) -> None:
        self.undone = True


class Writer:
    """Runs short transactions on a connection of the calling thread.

    A transaction begins with the write lock in hand on SQLite. It is committed at the end, and
    rolled back where it raises or was undone. A connection that was lost is replaced before
    anything was sent on it; a transaction that has begun is never tried again. Raises
    :class:`~scim_server.errors.DatabaseUnavailable` where the database can't be reached, or
    another writer holds it for ten seconds.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._cursors = Cursors(engine, self._set_up)
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._begin = "BEGIN IMMEDIATE" if self._is_sqlite else "BEGIN"
        self._failures: tuple[type[Exception], ...] = (
            engine.dialect.loaded_dbapi.OperationalError,
            engine.dialect.loaded_dbapi.InterfaceError,
        )

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        try:
            cursor = self._begun()
            with self._ending(cursor, Transaction(cursor)) as transaction:
                yield transaction
        except self._failures as error:
            self._cursors.forget()
            raise DatabaseUnavailable(
                "The database does not answer. Try again in a moment."
            ) from error

    @contextmanager
    def _ending(self, cursor: Any, transaction: Transaction) -> Iterator[Transaction]:
        try:
            yield transaction
        except self._failures:
            raise
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("ROLLBACK" if transaction.undone else "COMMIT")

    def _begun(self) -> Any:
        """A cursor within a new transaction. Beginning may be tried twice: it changes nothing."""
        if self._cursors.is_open and not self._is_sqlite:
            try:
                self._cursors.get().execute(self._begin)
            except self._failures:
                self._cursors.forget()
            else:
                return self._cursors.get()
        cursor = self._cursors.get()
        cursor.execute(self._begin)
        return cursor

    def _set_up(self, raw: Any) -> None:
        if self._is_sqlite:
            raw.execute(f"PRAGMA busy_timeout={_WAIT_MILLISECONDS}").close()
            return
        raw.autocommit = True
        for setting in _POSTGRESQL_SETTINGS:
            raw.execute(f"SET {setting}")

    def close(self) -> None:
        """Close the connections of all threads; call it when no request is running."""
        self._cursors.close()
