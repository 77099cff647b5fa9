"""``sds``: what School Data Sync is given besides the address that it reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from scim_server.cli.opening import opened, operator
from scim_server.clock import system_clock
from scim_server.directory.units import unit_named
from scim_server.errors import BadInput
from scim_server.oauth.clients import client_named
from scim_server.oauth.credentials import addresses
from scim_server.oneroster.connector import ADDRESS, SECRET, registration
from scim_server.oneroster.csv_files import write_files
from scim_server.settings import Settings


@click.group()
def sds() -> None:
    """Files and a registration for Microsoft's School Data Sync."""


@sds.command("csv")
@click.argument("unit_name", metavar="UNIT")
@click.argument("path", type=click.Path(path_type=Path))
def csv_command(unit_name: str, path: Path) -> None:
    """Write UNIT's roster into the new folder PATH, as School Data Sync's V2.1 CSV files."""
    with opened(Settings.from_env()) as database:
        with database.read() as connection:
            unit = unit_named(connection, unit_name, kind="register")
        counts = write_files(database, unit, path, now=system_clock(), actor=operator())
    for name, count in counts.items():
        click.echo(f"{path / name}: {count:,}")
    click.echo("They hold personal data: upload them, then delete them.", err=True)


@sds.command()
@click.argument("unit_name", metavar="UNIT")
@click.option(
    "--source-system",
    required=True,
    metavar="ID",
    help="The id of the source system that you made in Microsoft Graph for this unit.",
)
@click.option("--client", help="The client's name; may be left out where the unit has one.")
def register(unit_name: str, source_system: str, client: str | None) -> None:
    """Print the Microsoft Graph (beta) request that registers UNIT as a OneRoster connector.

    Nothing is sent. The secret has to be put in where the request says CLIENT_SECRET.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", source_system):
        raise BadInput("--source-system is an id of letters, digits and hyphens.")
    settings = Settings.from_env()
    with opened(settings) as database, database.read() as connection:
        unit = unit_named(connection, unit_name, kind="register")
        found = client_named(connection, unit, client)
    base, token = addresses(unit, settings.public_url, "sds")
    body = registration(
        name=unit.name,
        source_system=source_system,
        base_url=base,
        client_id=found.id,
        token_url=token,
    )
    click.echo(json.dumps(body, indent=2, ensure_ascii=False))
    click.echo(
        f"Send it as POST to {ADDRESS}, with the secret in the place of {SECRET} and the "
        "permission IndustryData-DataConnector.ReadWrite.All. It is a beta of Microsoft's: whether "
        "School Data Sync then runs such a connector wasn't tried.",
        err=True,
    )
