"""Many rows at once: loading them by each driver's fastest way, and what follows for plans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table

_BATCH = 5_000


def load(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert ``rows``, each with the values of ``columns`` in order, in bounded memory.

    Values go to the driver as they are: JSON has to be text already.
    """
    raw: Any = connection.connection.dbapi_connection
    assert raw is not None
    if connection.dialect.name == "sqlite":
        names, values = _quoted(columns), ", ".join("?" * len(columns))
        text = f'INSERT INTO "{table.name}" ({names}) VALUES ({values})'  # noqa: S608
        for batch in _batches(rows):
            connection.exec_driver_sql(text, batch)
        return
    connection.exec_driver_sql("SELECT 1")  # begins the transaction that the copy belongs to
    text = f'COPY "{table.name}" ({_quoted(columns)}) FROM STDIN'
    with raw.cursor() as cursor, cursor.copy(text) as copy:
        for row in rows:
            copy.write_row(row)


def _quoted(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _batches(rows: Iterable[Sequence[Any]]) -> Iterator[list[tuple[Any, ...]]]:
    source = iter(rows)
    while batch := [tuple(row) for row in islice(source, _BATCH)]:
        yield batch


def measure(connection: Connection, *tables: Table) -> None:
    """Tell PostgreSQL's planner what the tables hold now.

    It does so by itself within a minute or so of a large change; until then it would plan by what
    they held before. SQLite's plans don't depend on it.
    """
    if connection.dialect.name == "postgresql":
        for table in tables:
            connection.exec_driver_sql(f'ANALYZE "{table.name}"')
