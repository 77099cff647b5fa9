"""``credentials``: the four values that Microsoft's side is given."""

from __future__ import annotations

import json

import click

from scim_server.cli.opening import opened, operator
from scim_server.clock import stamp, system_clock
from scim_server.directory.units import unit_named
from scim_server.oauth import credentials as issuing
from scim_server.oauth.keys import derive
from scim_server.settings import Settings


@click.group()
def credentials() -> None:
    """Credentials of a unit's client."""


@credentials.command()
@click.argument("unit_name", metavar="UNIT")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts.")
def issue(unit_name: str, as_json: bool) -> None:
    """Give UNIT a client secret and print the four values. The secret is shown this once."""
    settings = Settings.from_env()
    with opened(settings) as database, database.write() as connection:
        unit = unit_named(connection, unit_name)
        made = issuing.issue(
            connection,
            unit,
            key=derive(settings.key_bytes(), "digest"),
            public_url=settings.public_url,
            now=system_clock(),
            actor=operator(),
        )
    show(made, as_json=as_json)
    if not (as_json or unit.publishes):
        click.echo(
            "No school of the unit publishes yet, so tokens are refused until a director decides: "
            f"scim-server consent {unit.name} on --by NAME",
            err=True,
        )


def show(made: issuing.Credentials, *, as_json: bool) -> None:
    """Print the four values, each on a line under its label, or as one JSON object."""
    if as_json:
        click.echo(json.dumps({**made.labelled(), "Expires": stamp(made.expires)}))
        return
    for label, value in made.labelled().items():
        click.echo(f"{label}: {value}")
    click.echo(f"The secret is shown only now. It ends on {made.expires:%Y-%m-%d}.", err=True)


@credentials.command()
@click.argument("unit_name", metavar="UNIT")
@click.argument("secret")
def revoke(unit_name: str, secret: str) -> None:
    """End the secret named SECRET (see status) and every token that it got, at once."""
    with opened(Settings.from_env()) as database, database.write() as connection:
        issuing.revoke(
            connection,
            unit_named(connection, unit_name),
            secret,
            now=system_clock(),
            actor=operator(),
        )
    click.echo(f"Secret {secret} was revoked; its tokens are refused.")
