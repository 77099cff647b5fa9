"""``unit`` and ``consent``: what is published, and whose decision it is."""

from __future__ import annotations

import click

from scim_server.cli.opening import opened, operator
from scim_server.clock import system_clock
from scim_server.directory.consent import TEXT_VERSION, decide
from scim_server.directory.units import (
    School,
    add_school,
    add_unit,
    schools,
    set_numeric_keys,
    unit_named,
    units,
)
from scim_server.register.rules import FeedTerms
from scim_server.settings import Settings


@click.group()
def unit() -> None:
    """Units: what is published, each at an address of its own."""


@unit.command("add")
@click.argument("name")
@click.option("--domain", required=True, help="Follows the login: sp12.example.pl.")
@click.option(
    "--school",
    "names",
    multiple=True,
    help="A school of the unit, as the files name it; repeat for a city. Default: NAME.",
)
def add(name: str, domain: str, names: tuple[str, ...]) -> None:
    """Create the unit NAME. Its schools publish nothing until their directors decide so."""
    now = system_clock()
    chosen = names or (name,)
    FeedTerms(domain=domain, schools=chosen, today=now.date())  # the feed's rules for both
    with opened(Settings.from_env()) as database, database.write() as connection:
        made = add_unit(
            connection, name=name, domain=domain, schools=chosen, now=now, actor=operator()
        )
    click.echo(f"Unit {made.name} with {len(chosen)} school(s) was added.")
    click.echo(f"Next: scim-server import {made.name} PATH")


@unit.command("add-school")
@click.argument("unit_name", metavar="UNIT")
@click.argument("name")
def add_school_command(unit_name: str, name: str) -> None:
    """Add the school NAME to UNIT. It publishes nothing until its director decides so.

    The second school of a unit adds the school to the names of the unit's groups.
    """
    now = system_clock()
    with opened(Settings.from_env()) as database, database.write() as connection:
        unit = unit_named(connection, unit_name, kind="register")
        add_school(connection, unit, name, now=now, actor=operator())
    click.echo(f"School {name!r} was added to {unit_name}.")


@unit.command("list")
def list_() -> None:
    """List the units and their schools."""
    with opened(Settings.from_env()) as database, database.read() as connection:
        for each in units(connection):
            click.echo(f"{each.name}  {each.kind}  {each.domain}".rstrip())
            for school in schools(connection, each.id):
                click.echo(f"  {_decision(school)}")


@unit.command("numeric-keys")
@click.argument("name")
@click.argument("allowed", type=click.Choice(["allow", "refuse"]))
def numeric_keys(name: str, allowed: str) -> None:
    """Whether the register's keys may be eleven-digit numbers that look like a PESEL by chance.

    Even where allowed, a file is refused in which a fifth of such keys or more look like one.
    """
    with opened(Settings.from_env()) as database, database.write() as connection:
        set_numeric_keys(connection, name, allowed == "allow", now=system_clock(), actor=operator())
    click.echo(f"Unit {name}: keys of eleven digits that look like a PESEL: {allowed}.")


@click.command()
@click.argument("unit_name", metavar="UNIT")
@click.option("--school", help="The school; may be left out where the unit has one.")
@click.argument("decision", type=click.Choice(["on", "off"]))
@click.option("--by", required=True, help="Who decided, for the record: the school's director.")
@click.option("--text", default=TEXT_VERSION, show_default=True, help="The text decided about.")
def consent(unit_name: str, school: str | None, decision: str, by: str, text: str) -> None:
    """Record a director's decision: „Synchronizacja z Office 365” on (Tak) or off (Nie)."""
    with opened(Settings.from_env()) as database, database.write() as connection:
        decided = decide(
            connection,
            unit_named(connection, unit_name, kind="register"),
            school,
            decision == "on",
            decided_by=by,
            actor=operator(),
            now=system_clock(),
            text_version=text,
        )
        left = unit_named(connection, unit_name)
    click.echo(_decision(decided))
    if not left.publishes:
        click.echo("No school of the unit publishes: tokens are refused, and live ones too.")


def _decision(school: School) -> str:
    answer = "Tak" if school.synchronised else "Nie"
    return f"{school.name}: Synchronizacja z Office 365 = {answer}"
