"""What most commands begin with: settings, the database, and who runs the command."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

from scim_server.database import Database, open_database
from scim_server.database.migrating import check_schema, set_up
from scim_server.settings import Settings


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The database that ``settings`` name, set up if it is empty, closed in the end.

    Raises :class:`~scim_server.errors.BadEnvironment` where it can't be used by this version.
    """
    database = open_database(
        settings.database_url, settings.token_store_url, audit_keys=settings.keys("audit")
    )
    try:
        with database.answering():
            set_up(database)
            check_schema(database)
            yield database
    finally:
        database.close()


def operator() -> str:
    """Who runs the command, for the audit entry: under sudo, who asked for it."""
    try:
        return f"os:{os.environ.get('SUDO_USER') or getpass.getuser()}"
    except (KeyError, OSError):
        return "os:unknown"
