"""Making the database clean of what was deleted from it.

A deleted row is forgotten, not overwritten: SQLite keeps its bytes in free pages, in the log and in
the trigram index until something else is written there, and PostgreSQL keeps dead rows until they
are vacuumed.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

from scim_server.database import schema
from scim_server.database.engines import Database

_PATIENCE_MILLISECONDS = 10_000
"""How long a file that others read or write is waited for."""

_REBUILD_TRIGRAMS = "INSERT INTO resource_text (resource_text) VALUES ('rebuild')"


def tidy(database: Database) -> str | None:
    """Write the database anew without what was deleted; returns why it couldn't be, or none.

    On SQLite both files hold afterwards what their tables hold, and nothing else; it needs as much
    free space again. Reads go on meanwhile, writers wait. On PostgreSQL dead rows are given up to
    be overwritten.
    """
    if not database.is_sqlite:
        _vacuum(database)
        return None
    failures = [
        _rewrite(database.main, _REBUILD_TRIGRAMS, "VACUUM"),
        _rewrite(database.tokens, "VACUUM"),
    ]
    return next(filter(None, failures), None)


def _rewrite(engine: Engine, *statements: str) -> str | None:
    connection = engine.raw_connection()
    raw: Any = connection.dbapi_connection
    connection.detach()  # its patience is for this alone
    try:
        raw.execute(f"PRAGMA busy_timeout={_PATIENCE_MILLISECONDS}")
        for statement in statements:
            raw.execute(statement)
        (is_busy, *_) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return "another process is reading" if is_busy else None
    except engine.dialect.loaded_dbapi.OperationalError as error:
        return str(error)
    finally:
        connection.close()


def _vacuum(database: Database) -> None:
    tables = [*schema.main.tables, *schema.tokens.tables]
    with database.main.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        for name in tables:
            connection.exec_driver_sql(f'VACUUM (ANALYZE) "{name}"')
