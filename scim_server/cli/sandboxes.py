"""``sandbox``: empty units that may be written, for integrators and compliance testers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from scim_server.cli.credentials import show
from scim_server.cli.opening import opened, operator
from scim_server.clock import system_clock
from scim_server.directory import sandboxes
from scim_server.directory.units import add_sandbox, unit_named
from scim_server.oauth import credentials, removal
from scim_server.settings import Settings


@click.group()
def sandbox() -> None:
    """Sandboxes: empty units that may be written, with the whole of SCIM 2.0."""


@sandbox.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts.")
def create(name: str, as_json: bool) -> None:
    """Create the sandbox NAME, print its four values, and how to run compliance testers on it."""
    settings = Settings.from_env()
    with opened(settings) as database:
        removal.sweep(database)
        with database.write() as connection:
            made = credentials.issue(
                connection,
                add_sandbox(connection, name=name, now=system_clock(), actor=operator()),
                key=settings.key("digest"),
                public_url=settings.public_url,
                now=system_clock(),
                actor=operator(),
            )
    show(made, as_json=as_json)
    if not as_json:
        click.echo(f"\n{testers(made.labelled())}", err=True)


@sandbox.command("set")
@click.argument("name")
@click.option(
    "--patch-answers",
    type=click.Choice(["200", "204"]),
    help="How a PATCH is answered: 200 with the resource (at first), or 204 without.",
)
@click.option(
    "--unknown-members",
    type=click.Choice(["accept", "refuse"]),
    help="Whether a group may list an id that the sandbox has no resource of (at first: accept).",
)
@click.option(
    "--group-names",
    type=click.Choice(["any", "unique"]),
    help="Whether two groups may have the same displayName (at first: any).",
)
@click.option("--me", help="The userName that /Me stands for; empty for nobody (at first).")
def set_(
    name: str,
    patch_answers: str | None,
    unknown_members: str | None,
    group_names: str | None,
    me: str | None,
) -> None:
    """Change options of the sandbox NAME; those not named stay. They hold from the next request."""
    given = {
        "patch_answers": int(patch_answers) if patch_answers else None,
        "unknown_members": unknown_members,
        "group_names": group_names,
        "me": me,
    }
    options: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    with opened(Settings.from_env()) as database, database.write() as connection:
        sandboxes.set_options(connection, name, options, now=system_clock(), actor=operator())
    click.echo(f"Sandbox {name} was changed.")


@sandbox.command()
@click.argument("name")
def reset(name: str) -> None:
    """Remove every user and group of the sandbox NAME; its credentials and options stay."""
    with opened(Settings.from_env()) as database, database.write() as connection:
        removed = sandboxes.reset(connection, name, now=system_clock(), actor=operator())
    click.echo(f"Sandbox {name} is empty; {removed:,} users and groups were removed.")


@sandbox.command()
@click.argument("name")
def delete(name: str) -> None:
    """Remove the sandbox NAME, its users and groups, and its credentials, at once."""
    with opened(Settings.from_env()) as database:
        with database.read() as connection:
            found = unit_named(connection, name, kind="sandbox")
        removal.remove(database, found, now=system_clock(), actor=operator())
    click.echo(f"Sandbox {name} was removed; its tokens are refused.")


def testers(values: Mapping[str, str]) -> str:
    """How to run each compliance tester against a sandbox with these four values."""
    base, client, secret, token = values.values()
    return (
        "Compliance testers run against it, each from a virtual environment of its own:\n"
        f"  TOKEN=$(curl -s -u '{client}:{secret}' -d grant_type=client_credentials \\\n"
        f'    {token} | sed \'s/.*"access_token": *"\\([^"]*\\)".*/\\1/\')\n'
        "  pip install scim2-cli\n"
        f'  scim2 -u {base} -h "Authorization: Bearer $TOKEN" test\n'
        "  pip install scim-sanity\n"
        f'  scim-sanity probe {base} --token "$TOKEN" --i-accept-side-effects'
    )
