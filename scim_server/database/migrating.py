"""Bringing a database to this program's schema, and refusing one of another program's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, inspect

from scim_server.database import schema
from scim_server.database.engines import Database
from scim_server.errors import DatabaseUnavailable

_FOLDER = Path(__file__).parent / "migrations"
_PARTS: dict[str, MetaData] = {"main": schema.main, "tokens": schema.tokens}
_POSTGRESQL_LOCK = 0x5C1A
_ALEMBIC = threading.Lock()
"""Alembic keeps what it runs in variables of the whole process."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Run the migrations that are missing, each part in one transaction.

    Of two processes that do this at once, one waits for the other and finds nothing to do.
    """
    for part, engine in _engines(database):
        _upgrade(part, engine, revision)


def _upgrade(part: str, engine: Engine, revision: str) -> None:
    with engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_LOCK})")
        with _ALEMBIC:
            command.upgrade(_config(part, connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Undo migrations back to ``revision``; ``base`` leaves nothing."""
    for part, engine in _engines(database):
        with engine.execution_options(writes=True).begin() as connection, _ALEMBIC:
            command.downgrade(_config(part, connection), revision)


def set_up(database: Database) -> None:
    """Bring an empty part to the newest schema; a part that holds anything is left as it is.

    The part of the tokens may be lost at any time: it is made anew, and clients get new tokens.
    """
    for part, engine in _engines(database):
        with engine.connect() as connection:
            ours = {*_PARTS[part].tables, _table(part)}
            is_empty = ours.isdisjoint(inspect(connection).get_table_names())
        if is_empty:
            _upgrade(part, engine, "head")


def check_schema(database: Database) -> None:
    """Raises :class:`~scim_server.errors.DatabaseUnavailable` unless the schema is exactly ours."""
    for part, engine in _engines(database):
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"version_table": _table(part)})
            found = context.get_current_revision()
            connection.rollback()
        known = ScriptDirectory.from_config(_config(part, None))
        if found == known.get_current_head():
            continue
        if found is not None and found not in {each.revision for each in known.walk_revisions()}:
            raise DatabaseUnavailable(
                "The database was made by a newer scim-server. Install that version, or restore "
                "a backup of this one's."
            )
        raise DatabaseUnavailable(
            "The database is not set up for this version. Run: scim-server database upgrade"
        )


def _engines(database: Database) -> Iterator[tuple[str, Engine]]:
    yield "main", database.main
    yield "tokens", database.tokens


def _table(part: str) -> str:
    return f"schema_version_{part}"


def _config(part: str, connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("version_locations", str(_FOLDER / part).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = _PARTS[part]
    config.attributes["version_table"] = _table(part)
    return config
