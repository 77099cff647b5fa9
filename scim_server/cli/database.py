"""``database``: the schema."""

from __future__ import annotations

import click

from scim_server.database import open_database
from scim_server.database.migrating import check_schema, upgrade
from scim_server.settings import Settings


@click.group()
def database() -> None:
    """The database's schema."""


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
