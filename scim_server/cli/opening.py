"""What most commands begin with: settings, the database, who runs the command, where it writes."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from scim_server.audit.anchoring import Anchoring
from scim_server.clock import system_clock
from scim_server.database import Database, open_database
from scim_server.database.migrating import check_schema, set_up
from scim_server.errors import BadInput
from scim_server.settings import Settings


@contextmanager
def opened(settings: Settings, *, anchoring: bool = True) -> Iterator[Database]:
    """The database that ``settings`` name, set up if it is empty, closed in the end.

    Where there is an anchor file, the end of the record is then appended to it, but for a command
    that isn't ``anchoring``. Raises :class:`~scim_server.errors.BadEnvironment` where the
    database can't be used by this version.
    """
    database = open_database(
        settings.database_url, settings.token_store_url, audit_keys=settings.keys("audit")
    )
    try:
        with database.answering():
            set_up(database)
            check_schema(database)
            yield database
            if anchoring and settings.audit_anchor_file:
                _anchor(database, settings.audit_anchor_file)
    finally:
        database.close()


def _anchor(database: Database, file: Path) -> None:
    try:
        Anchoring(database, system_clock, file).run()
    except OSError as error:
        click.echo(f"The end of the record wasn't added to {file}: {error.strerror}.", err=True)


@contextmanager
def destination(path: Path | None) -> Iterator[IO[str]]:
    """Standard output, or a new file for its owner alone, which is removed where this fails.

    Raises :class:`~scim_server.errors.BadInput` where there is such a file, or none can be made.
    """
    if path is None:
        yield sys.stdout
        return
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadInput(f"{path} exists already. Name a new file.") from None
    except OSError as error:
        raise BadInput(f"{path} can't be written: {error.strerror}.") from None
    try:
        with os.fdopen(file, "w", encoding="utf-8") as out:
            yield out
    except BaseException as error:
        path.unlink()
        if isinstance(error, OSError):
            raise BadInput(f"{path} can't be written: {error.strerror}.") from None
        raise


def operator() -> str:
    """Who runs the command, for the audit entry: under sudo, who asked for it."""
    try:
        return f"os:{os.environ.get('SUDO_USER') or getpass.getuser()}"
    except (KeyError, OSError):
        return "os:unknown"
