"""``unit`` and ``consent``: what is published, and whose decision it is."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from scim_server.cli.asking import agreed, typed
from scim_server.cli.consequences import of_withdrawal
from scim_server.cli.credentials import when
from scim_server.cli.database import untidy
from scim_server.cli.opening import opened, operator
from scim_server.clock import moment, system_clock
from scim_server.database import Database
from scim_server.database.tidying import tidy
from scim_server.database.traces import Searched, search
from scim_server.directory.consent import (
    TEXT_VERSION,
    decide,
    foresee_withdrawal,
    history,
)
from scim_server.directory.units import (
    School,
    Unit,
    add_school,
    add_unit,
    schools,
    set_numeric_keys,
    unit_named,
    units,
)
from scim_server.errors import BadInput
from scim_server.oauth import removal
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
    with opened(Settings.from_env()) as database:
        removal.sweep(database)
        with database.write() as connection:
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


@unit.command("remove")
@click.argument("unit_name", metavar="UNIT")
@click.option("--yes", is_flag=True, help="Don't ask for the unit's name.")
@click.pass_context
def remove(context: click.Context, unit_name: str, yes: bool) -> None:
    """Erase UNIT for good: its people, groups, schools, decisions, clients, secrets and tokens.

    Then it looks through the whole database for anything of it. Backups are not touched.
    """
    with opened(Settings.from_env()) as database:
        with database.read() as connection:
            found = unit_named(connection, unit_name)
            click.echo(_erased(unit_name, removal.contents(connection, found), "will be"), err=True)
        typed(unit_name, yes)
        traces = removal.gather(database, found)
        had = removal.remove(database, found, now=system_clock(), actor=operator())
        click.echo(_erased(unit_name, had, "was"))
        reason = tidy(database)
        removal.sweep(database)  # what a running server wrote down late
        searched = search(database, traces, files=reason is None)
    if reason:
        click.echo(untidy(reason), err=True)
    _show_search(searched)
    if reason or searched.found:
        context.exit(1)


def _erased(name: str, had: dict[str, int], when: str) -> str:
    counts = ", ".join(f"{count:,} {what}" for what, count in had.items())
    return f"The unit {name} {when} erased: {counts}."


def _show_search(searched: Searched) -> None:
    where, left = f"Searched {searched.tables} tables", "no row"
    if searched.bytes:
        where, left = f"{where} and {searched.bytes:,} bytes of files", "nothing"
    if searched.found:
        click.echo(f"{where}. Of the unit there is still something in:", err=True)
        for place in searched.found:
            click.echo(f"  {place}", err=True)
    else:
        click.echo(f"{where}: {left} of the unit is left.")
    click.echo("Backups still hold it, until they are deleted in their turn.")


@click.command()
@click.argument("unit_name", metavar="UNIT")
@click.argument("answer", required=False, type=click.Choice(["on", "off"]))
@click.option("--school", help="The school; may be left out where the unit has one.")
@click.option("--by", help="Who decided, for the record: the school's director.")
@click.option("--text", default=TEXT_VERSION, show_default=True, help="The text decided about.")
@click.option("--yes", is_flag=True, help="Don't ask before off.")
@click.option("--json", "as_json", is_flag=True, help="Print the decisions as one JSON object.")
def consent(
    unit_name: str,
    answer: str | None,
    school: str | None,
    by: str | None,
    text: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Record a director's decision: „Synchronizacja z Office 365” on (Tak) or off (Nie).

    Without on or off, show what each school's director decided, and when.
    """
    with opened(Settings.from_env()) as database:
        if answer is None:
            if by or school:
                raise BadInput("Say what was decided: on (Tak) or off (Nie).")
            _show_decisions(database, unit_name, as_json=as_json)
            return
        if not by:
            raise BadInput("Say who decided, for the record: --by NAME.")
        if answer == "off":
            _warn(database, unit_name, school, yes)
        decided, left = _decide(database, unit_name, school, answer == "on", by, text)
        if as_json:
            _show_decisions(database, unit_name, as_json=True)
            return
    click.echo(_decision(decided))
    if not left.publishes:
        click.echo("No school of the unit publishes: tokens are refused, and live ones too.")


def _warn(database: Database, unit_name: str, school: str | None, yes: bool) -> None:
    """Tell what „Nie” leads to, and ask where it leads to anything."""
    with database.read() as connection:
        of = unit_named(connection, unit_name, kind="register")
        foreseen = foresee_withdrawal(connection, of, school)
    click.echo(of_withdrawal(unit_name, foreseen), err=True)
    if foreseen.school.synchronised:
        agreed("Zapisać decyzję „Nie”? / Record the decision „Nie”?", yes)


def _decide(
    database: Database, unit_name: str, school: str | None, synchronised: bool, by: str, text: str
) -> tuple[School, Unit]:
    """The school as it is afterwards, and the unit."""
    with database.write() as connection:
        decided = decide(
            connection,
            unit_named(connection, unit_name, kind="register"),
            school,
            synchronised,
            decided_by=by,
            actor=operator(),
            now=system_clock(),
            text_version=text,
        )
        return decided, unit_named(connection, unit_name)


def _show_decisions(database: Database, unit_name: str, *, as_json: bool) -> None:
    with database.read() as connection:
        of = unit_named(connection, unit_name, kind="register")
        known, made = schools(connection, of.id), history(connection, of)
    if as_json:
        found = {
            "unit": of.name,
            "publishes": of.publishes,
            "schools": [{"school": each.name, "synchronised": each.synchronised} for each in known],
            "decisions": [asdict(each) for each in made],
        }
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for school in known:
        click.echo(_decision(school))
    for each in made:
        answer = "Tak" if each.synchronised else "Nie"
        recorder = f", recorded by {each.recorded_by}" if each.recorded_by else ""
        click.echo(
            f"  {when(moment(each.at))}  {each.school}: {answer}, by {each.decided_by}, "
            f"text {each.text_version}{recorder}"
        )


def _decision(school: School) -> str:
    answer = "Tak" if school.synchronised else "Nie"
    return f"{school.name}: Synchronizacja z Office 365 = {answer}"
