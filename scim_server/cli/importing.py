"""``import`` and ``sample``: the register's way in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from scim_server.cli.opening import opened, operator
from scim_server.clock import system_clock
from scim_server.directory.units import unit_named
from scim_server.errors import BadEnvironment, BadRecords, Problem
from scim_server.register.importing import Choices, Outcome, import_feed
from scim_server.register.importing import Progress as Report
from scim_server.register.plan import render
from scim_server.register.sample import write_sample
from scim_server.settings import Settings

_SHOWN_PROBLEMS = 50
_ENCODINGS = ("utf-8", "windows-1250", "iso-8859-2")
_DELIMITERS = {"semicolon": ";", "comma": ",", "tab": "\t"}


@click.command("import")
@click.argument("unit_name", metavar="UNIT")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing.")
@click.option("--skip-invalid", is_flag=True, help="Import the rest and list what was left out.")
@click.option("--allow-deactivations", is_flag=True, help="Even where many would be deactivated.")
@click.option("--allow-empty", is_flag=True, help="Even where the files hold no people.")
@click.option("--encoding", type=click.Choice(_ENCODINGS), help="Instead of detecting it.")
@click.option("--delimiter", type=click.Choice(list(_DELIMITERS)), help="Instead of detecting it.")
def import_command(
    unit_name: str,
    path: Path,
    dry_run: bool,
    skip_invalid: bool,
    allow_deactivations: bool,
    allow_empty: bool,
    encoding: str | None,
    delimiter: str | None,
) -> None:
    """Import the register's files at PATH (a folder or a zip) into UNIT.

    All of it or nothing. Exit codes: 0 done, 1 refused by a guard, 2 bad input, 3 environment.
    """
    settings = Settings.from_env()
    choices = Choices(
        actor=operator(),
        encoding=encoding,
        delimiter=_DELIMITERS[delimiter] if delimiter else None,
        dry_run=dry_run,
        skip_invalid=skip_invalid,
        allow_deactivations=allow_deactivations,
        allow_empty=allow_empty,
        max_deactivated_percent=settings.max_deactivated_percent,
    )
    with opened(settings) as database:
        with database.read() as connection:
            unit = unit_named(connection, unit_name, kind="register")
        try:
            with _progress() as report:
                outcome = import_feed(
                    database, unit, path, choices, clock=system_clock, progress=report
                )
        except BadRecords as bad:
            _list(bad.problems, "")
            raise
    _tell(outcome)


def _tell(outcome: Outcome) -> None:
    for reading in outcome.readings:
        delimiter = {value: name for name, value in _DELIMITERS.items()}[reading.delimiter]
        click.echo(f"{reading.file}: {reading.encoding}, separated by {delimiter}")
    for line in render(outcome.plan):
        click.echo(line)
    _list(outcome.problems, "left out: ")
    click.echo("Applied." if outcome.applied else "Dry run: nothing was changed.")


def _list(problems: Sequence[Problem], prefix: str) -> None:
    """The first problems one a line, the others as a count for each rule."""
    for problem in problems[:_SHOWN_PROBLEMS]:
        click.echo(f"{prefix}{problem}", err=True)
    rest = Counter(
        f"{each.file}: {each.column}: {each.rule}" for each in problems[_SHOWN_PROBLEMS:]
    )
    for rule, count in rest.most_common():
        click.echo(f"{prefix}{count:,} more: {rule}", err=True)


@contextmanager
def _progress() -> Iterator[Report]:
    """A bar on a terminal, a line for each file elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def advance(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done)

        yield advance


def _lines() -> Report:
    told: set[str] = set()

    def advance(name: str, _done: int, _total: int) -> None:
        if name not in told:
            told.add(name)
            click.echo(f"Reading {name}", err=True)

    return advance


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--pupils", default=500, show_default=True, type=click.IntRange(1, 1_000_000))
@click.option("--seed", default=1, show_default=True, help="The same seed, the same school.")
def sample(path: Path, pupils: int, seed: int) -> None:
    """Write the files of a made-up school (or, over 800 pupils, of a city) into the folder PATH."""
    try:
        schools = write_sample(path, pupils, seed)
    except OSError as error:
        raise BadEnvironment(
            f"The folder {path} can't be written to ({error.strerror}). Name another one."
        ) from error
    click.echo(f"Wrote a sample of {pupils:,} pupils to {path}.")
    options = " ".join(f"--school '{each}'" for each in schools)
    click.echo(f"Its unit: scim-server unit add NAME --domain DOMAIN {options}")
