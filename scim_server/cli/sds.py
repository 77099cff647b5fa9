"""``sds``: what School Data Sync is given besides the address that it reads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from scim_server.cli import registering
from scim_server.cli.opening import opened, operator
from scim_server.clock import system_clock
from scim_server.directory.units import unit_named
from scim_server.errors import BadInput
from scim_server.inbound.application import GRAPH_URL, LOGIN_URL, Application
from scim_server.oauth.clients import client_named
from scim_server.oneroster.connector import ADDRESS, SECRET
from scim_server.oneroster.csv_files import write_files
from scim_server.settings import Settings

_APP = (
    click.option("--tenant", help="The tenant of the app that asks at Microsoft: id or domain."),
    click.option("--graph-client-id", help="The app registration's client id."),
    click.option(
        "--secret-file",
        type=click.Path(path_type=Path),
        help="A private file with the app's secret.",
    ),
    click.option(
        "--certificate-file",
        type=click.Path(path_type=Path),
        help="Instead of that, a private PEM file with the app's key and certificate.",
    ),
    click.option("--login-url", help=f"Where the app's tokens are got; else {LOGIN_URL}."),
    click.option("--graph-url", help=f"Where Graph is; else {GRAPH_URL}."),
)


def _of_an_app(command: Callable[..., None]) -> Callable[..., None]:
    """The options that :func:`_application` reads."""
    for option in reversed(_APP):
        command = option(command)
    return command


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
@click.option(
    "--send",
    "is_sent",
    is_flag=True,
    help="Make the client a secret for this, and send the request with it.",
)
@_of_an_app
def register(
    unit_name: str,
    source_system: str,
    client: str | None,
    is_sent: bool,
    **named: Any,
) -> None:
    """Print the Microsoft Graph (beta) request that registers UNIT as a OneRoster connector.

    The secret has to be put in where the request says CLIENT_SECRET. With --send it isn't printed:
    a new secret is made and goes to Microsoft in the request, unless there is a connector already.
    The app that asks there is the one of `inbound configure` unless --tenant and what follows it
    name another.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", source_system):
        raise BadInput("--source-system is an id of letters, digits and hyphens.")
    settings = Settings.from_env()
    app = _application(**named)
    if is_sent:
        registering.send(settings, unit_name, client, source_system, app)
        return
    if app is not None:
        raise BadInput("An app of Microsoft's is asked for only with --send. Nothing was sent.")
    with opened(settings) as database, database.read() as connection:
        unit = unit_named(connection, unit_name, kind="register")
        found = client_named(connection, unit, client)
    body = registering.body_of(settings, unit, found.id, source_system)
    click.echo(json.dumps(body, indent=2, ensure_ascii=False))
    click.echo(
        f"Send it as POST to {ADDRESS}, with the secret in the place of {SECRET} and the "
        "permission IndustryData-DataConnector.ReadWrite.All, or let --send do that. It is a beta "
        "of Microsoft's: whether School Data Sync then runs such a connector wasn't tried.",
        err=True,
    )


@sds.command()
@click.argument("unit_name", metavar="UNIT")
@click.option(
    "--client", help="The client's name, where Microsoft tells none and there are several."
)
@_of_an_app
def rotate(unit_name: str, client: str | None, **named: Any) -> None:
    """Give UNIT's connector in Microsoft Graph (beta) a new secret, which nobody sees.

    The old one works for seven days more.
    """
    registering.rotate(Settings.from_env(), unit_name, client, _application(**named))


def _application(
    tenant: str | None,
    graph_client_id: str | None,
    secret_file: Path | None,
    certificate_file: Path | None,
    login_url: str | None,
    graph_url: str | None,
) -> Application | None:
    """The app that the options name, or none where they name nothing."""
    options = (tenant, graph_client_id, secret_file, certificate_file, login_url, graph_url)
    if not any(options):
        return None
    file = secret_file or certificate_file
    if not (tenant and graph_client_id and file) or (secret_file and certificate_file):
        raise BadInput(
            "An app is named by --tenant, --graph-client-id, and exactly one of --secret-file FILE "
            "and --certificate-file FILE."
        )
    return Application(
        tenant=tenant,
        client_id=graph_client_id,
        credential_kind="secret" if secret_file else "certificate",
        credential_file=str(file.absolute()),
        login_url=login_url or LOGIN_URL,
        graph_url=graph_url or GRAPH_URL,
    )
