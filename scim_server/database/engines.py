"""Engines and transactions for SQLite and PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    InterfaceError,
    OperationalError,
)

from scim_server.database.reading import Reader
from scim_server.database.writing import Writer
from scim_server.errors import BadEnvironment, DatabaseUnavailable
from scim_server.keys import Keys

_BUSY_MILLISECONDS = 30_000
"""How long a writer on SQLite waits for another: longer than the largest import holds the lock."""

_PRAGMAS = (
    f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-16000",
)


@dataclass(frozen=True, slots=True)
class Database:
    """Two engines (one and the same on PostgreSQL), a reader for each, and requests' writer.

    Promises: :meth:`write` and :meth:`write_tokens` start with the write lock in hand on SQLite
    (``BEGIN IMMEDIATE``), commit at the end and roll back on any exception. The readers are for
    requests: they see committed data alone, never wait for a writer, and stop a statement after
    ten seconds. The writer is for requests that change one unit in a few statements.

    Everything raises :class:`~scim_server.errors.DatabaseUnavailable` where the database can't be
    reached, read or written.
    """

    main: Engine
    tokens: Engine
    reader: Reader
    token_reader: Reader
    writer: Writer

    @property
    def is_sqlite(self) -> bool:
        return self.main.dialect.name == "sqlite"

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Tell in a sentence that the database doesn't answer, whoever asked it within."""
        driver: Any = self.main.dialect.loaded_dbapi
        try:
            yield
        except (DatabaseError, InterfaceError) as error:
            # The other kinds of DatabaseError tell a mistake of ours, and with it what was asked.
            if type(error) not in (DatabaseError, InterfaceError, OperationalError):
                raise
            raise _unavailable(error.orig) from error
        except (driver.OperationalError, driver.InterfaceError) as error:
            raise _unavailable(error) from error

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self.answering(), self.main.execution_options(writes=True).begin() as connection:
            yield connection

    @contextmanager
    def write_tokens(self) -> Iterator[Connection]:
        with self.answering(), self.tokens.execution_options(writes=True).begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view for commands that read several times; requests use ``reader``."""
        with self.answering(), self.main.connect() as connection:
            yield connection

    def close(self) -> None:
        for each in (self.reader, self.token_reader, self.writer):
            each.close()
        for engine in {self.main, self.tokens}:
            engine.dispose()


def open_database(url: str, token_url: str = "", *, audit_keys: Keys = ()) -> Database:
    """Open the database at ``url``; creates SQLite files (mode 0600), connects lazily elsewhere.

    ``token_url`` names the second SQLite file; without it, ``school.db`` is joined by
    ``school-tokens.db``. On PostgreSQL it is left empty. The first of ``audit_keys`` seals what
    is recorded; without one nothing can be done that has to be recorded. Raises
    :class:`~scim_server.errors.BadEnvironment` where a file can't be made, the driver is missing
    or the address is none.
    """
    try:
        return _opened(url, token_url, audit_keys)
    except ArgumentError as error:
        raise BadEnvironment(
            "SCIM_DATABASE_URL is not an address that a database can be reached at."
        ) from error


def _opened(url: str, token_url: str, audit_keys: Keys) -> Database:
    where = make_url(url)
    main = _engine(where, "FULL").execution_options(audit_keys=audit_keys)
    beside = make_url(token_url) if token_url else _beside(where)
    # A token that a power failure takes costs its client one more request; a flush for each costs
    # every client milliseconds.
    tokens = main if beside == where else _engine(beside, "NORMAL")
    reader = Reader(main)
    token_reader = reader if tokens is main else Reader(tokens)
    return Database(main, tokens, reader, token_reader, Writer(main))


def _unavailable(error: BaseException | None) -> DatabaseUnavailable:
    """The driver's reason names hosts and files: it is a note for operators, not for clients."""
    failure = DatabaseUnavailable("The database does not answer. Try again in a moment.")
    failure.add_note(next(iter(str(error).splitlines()), "").strip())
    return failure


def _beside(url: URL) -> URL:
    if url.get_backend_name() != "sqlite" or not url.database:
        return url
    path = Path(url.database)
    return url.set(database=str(path.with_name(f"{path.stem}-tokens{path.suffix}")))


def _engine(url: URL, synchronous: str) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, synchronous)
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_recycle=1_800,
            hide_parameters=True,
            json_serializer=_dumps,
        )
    except ImportError as error:
        raise BadEnvironment(
            "The PostgreSQL driver is not installed. Install scim-server[postgresql]."
        ) from error


def _sqlite(url: URL, synchronous: str) -> Engine:
    _create_private(Path(url.database or ""))
    engine = create_engine(url, hide_parameters=True, json_serializer=_dumps)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own implicit BEGIN can't be IMMEDIATE
        for pragma in (*_PRAGMAS, f"PRAGMA synchronous={synchronous}"):
            connection.execute(pragma).close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and then writes can't be upgraded while another writes:
        # it fails at once, whatever the busy timeout. Writers take the lock before they read.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _create_private(path: Path) -> None:
    """Create the file before SQLite does, so that nobody else can read it for a moment."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise BadEnvironment(
            f"The database file {path} can't be opened ({error.strerror}). "
            "Check the path in SCIM_DATABASE_URL and the folder's permissions."
        ) from error


def _dumps(value: object) -> str:
    return orjson.dumps(value).decode()
