"""``client``: the clients of a unit, beside the one that its first credentials make."""

from __future__ import annotations

import click

from scim_server.cli.credentials import when
from scim_server.cli.opening import opened, operator
from scim_server.cli.trusts import distrust, trust, trusts
from scim_server.clock import system_clock
from scim_server.directory.units import unit_named
from scim_server.oauth import clients
from scim_server.oauth.tokens import last_uses
from scim_server.settings import Settings


@click.group()
def client() -> None:
    """Clients of a unit: Entra, School Data Sync, a tester, each with credentials of its own."""


for command in (trust, trusts, distrust):
    client.add_command(command)


@client.command("add")
@click.argument("unit_name", metavar="UNIT")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, help="What it may ask for; repeat. Default: all it can."
)
def add(unit_name: str, name: str, scopes: tuple[str, ...]) -> None:
    """Register the client NAME of UNIT. It gets its secret with credentials issue."""
    with opened(Settings.from_env()) as database, database.write() as connection:
        unit = unit_named(connection, unit_name)
        made = clients.add(
            connection, unit, name, scopes=scopes, now=system_clock(), actor=operator()
        )
    click.echo(f"Client {name} was added: {made.id}, {' '.join(made.scopes)}")
    click.echo(f"Next: scim-server credentials issue {unit_name} --client {name}")


@client.command("list")
@click.argument("unit_name", metavar="UNIT")
def list_(unit_name: str) -> None:
    """List the clients of UNIT, and when each last got a token or read."""
    with opened(Settings.from_env()) as database:
        with database.read() as connection:
            unit = unit_named(connection, unit_name)
            found = clients.clients_of(connection, unit)
            held = clients.credentials_of(connection, unit)
        uses = last_uses(database, [each for ids in held.values() for each in ids])
    for each in found:
        used = max(filter(None, (uses[id].at for id in held[each.id])), default=None)
        state = "  disabled" if each.disabled else ""
        click.echo(
            f"{each.name}  {each.id}  {' '.join(each.scopes)}{state}  last used {when(used)}"
        )


@client.command()
@click.argument("unit_name", metavar="UNIT")
@click.argument("name")
def disable(unit_name: str, name: str) -> None:
    """Refuse the client NAME of UNIT, and its tokens, until it is enabled again."""
    _set_disabled(unit_name, name, True)
    click.echo(f"Client {name} is refused, and its tokens are.")


@client.command()
@click.argument("unit_name", metavar="UNIT")
@click.argument("name")
def enable(unit_name: str, name: str) -> None:
    """Admit the client NAME of UNIT again, with the secrets that still live."""
    _set_disabled(unit_name, name, False)
    click.echo(f"Client {name} is admitted.")


def _set_disabled(unit_name: str, name: str, disabled: bool) -> None:
    with opened(Settings.from_env()) as database, database.write() as connection:
        unit = unit_named(connection, unit_name)
        clients.set_disabled(connection, unit, name, disabled, now=system_clock(), actor=operator())


@client.command()
@click.argument("unit_name", metavar="UNIT")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask.")
def delete(unit_name: str, name: str, yes: bool) -> None:
    """Remove the client NAME of UNIT with its secrets; its tokens are refused at once."""
    if not yes:
        click.confirm(f"Remove the client {name} of {unit_name} for good?", abort=True, err=True)
    with opened(Settings.from_env()) as database, database.write() as connection:
        unit = unit_named(connection, unit_name)
        clients.remove(connection, unit, name, now=system_clock(), actor=operator())
    click.echo(f"Client {name} was removed; its tokens are refused.")
