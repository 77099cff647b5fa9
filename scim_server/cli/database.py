"""``database``: the schema, and what deleted rows leave behind."""

from __future__ import annotations

import click

from scim_server.cli.opening import opened
from scim_server.database import open_database
from scim_server.database.migrating import check_schema, upgrade
from scim_server.database.tidying import tidy
from scim_server.errors import DatabaseUnavailable
from scim_server.oauth import removal
from scim_server.settings import Settings


@click.group()
def database() -> None:
    """The database: its schema, and what deleted rows leave behind."""


@database.command("upgrade")
def upgrade_command() -> None:
    """Bring the database to this version. Safe to run twice, and while the server is stopped."""
    settings = Settings.from_env()
    opened = open_database(
        settings.database_url, settings.token_store_url, audit_keys=settings.keys("audit")
    )
    try:
        with opened.answering():
            upgrade(opened)
            check_schema(opened)
    finally:
        opened.close()
    click.echo("The database is set up for this version.")


@database.command("tidy")
def tidy_command() -> None:
    """Write the database anew without what deleted rows leave in its files.

    Safe while the server runs: reads go on, writers wait for it.
    """
    with opened(Settings.from_env()) as database:
        removal.sweep(database)
        if reason := tidy(database):
            raise DatabaseUnavailable(untidy(reason))
    click.echo("The database holds what its tables hold, and nothing of what was deleted.")


def untidy(reason: str) -> str:
    """Why traces of deleted rows are left in the files, and what to do."""
    return (
        f"The database's files could not be made clean ({reason}): what was deleted may be read "
        "from their free pages. Run again, with the server stopped if need be: "
        "scim-server database tidy"
    )
