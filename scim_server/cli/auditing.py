"""``audit`` and ``disclosures``: what was done, and who was given what."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import orjson

from scim_server.audit import anchor, whole
from scim_server.audit.chain import Anchor, anchors_in, verify
from scim_server.audit.disclosures import WINDOW, Disclosed, disclosed, recorded_since
from scim_server.cli.opening import destination, opened
from scim_server.clock import moment, stamp
from scim_server.directory.resources import person_with_key
from scim_server.directory.units import unit_named
from scim_server.errors import BadInput, Refused
from scim_server.inbound.running import CLIENT as INBOUND
from scim_server.oauth.clients import clients_of
from scim_server.oneroster.csv_files import CLIENT as FILES
from scim_server.settings import Settings


@click.group()
def audit() -> None:
    """The record of who did what."""


@audit.command()
@click.argument("unit_name", metavar="[UNIT]", required=False)
@click.option("--action", help="Only entries of this kind, such as import.applied.")
@click.option(
    "--last", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most."
)
def show(unit_name: str | None, action: str | None, last: int) -> None:
    """Print the newest entries, of UNIT or of all, the newest last."""
    with opened(Settings.from_env()) as database, database.read() as connection:
        asked = (
            row
            for row in whole(connection)
            if unit_name in (None, row["unit"]) and action in (None, row["action"])
        )
        rows = deque(asked, maxlen=last)
    for row in rows:
        click.echo(
            f"{row['number']:>6}  {moment(row['at']):%Y-%m-%d %H:%M:%S} UTC  "
            f"{row['unit'] or '-'}  {row['action']}  by {row['actor']}  {_facts(row['facts'])}"
        )
    if not rows:
        click.echo("No such entries.", err=True)


def _facts(facts: Mapping[str, Any]) -> str:
    return "  ".join(f"{name}={orjson.dumps(value).decode()}" for name, value in facts.items())


@audit.command()
@click.option(
    "--to", type=click.Path(path_type=Path), help="Write to this new file instead of showing it."
)
def export(to: Path | None) -> None:
    """Print the whole record, one JSON object a line, with each entry's hash and key."""
    with (
        destination(to) as out,
        opened(Settings.from_env()) as database,
        database.read() as connection,
    ):
        for row in whole(connection):
            out.write(orjson.dumps(row).decode() + "\n")


@audit.command("anchor")
def anchor_command() -> None:
    """Print the end of the record as NUMBER:HASH, to be kept where nobody can change it."""
    with opened(Settings.from_env()) as database, database.read() as connection:
        found = anchor(connection)
    if found is None:
        raise Refused("The record is empty: there is nothing to anchor yet.")
    click.echo(str(found))


@audit.command("verify")
@click.option(
    "--anchor", "given", multiple=True, metavar="ANCHOR|FILE",
    help="What `audit anchor` printed, or a file with anchors, such as SCIM_AUDIT_ANCHOR_FILE or "
    "the server's log; may be repeated. Without one, a record whose end was cut off passes.",
)  # fmt: skip
def verify_command(given: tuple[str, ...]) -> None:
    """Follow the record from its first entry to its last, and tell whether it was altered."""
    settings = Settings.from_env()
    anchors = [each for text in given for each in _anchors(text)]
    if not given and settings.audit_anchor_file and settings.audit_anchor_file.exists():
        anchors = _anchors(str(settings.audit_anchor_file))
    with opened(settings, anchoring=False) as database, database.read() as connection:
        found = verify(whole(connection), settings.keys("audit"), anchors)
        end = anchor(connection)
    for problem in found.problems:
        click.echo(problem)
    if found.problems:
        raise Refused("The record isn't what was written. Keep the database file as it is now.")
    click.echo(f"{found.entries} entries, unaltered. The end: {end}")
    if found.unchained:
        click.echo(f"The first {found.unchained} are older than the chain and can't be checked.")
    if found.lost:
        click.echo(
            f"{found.lost} of them are under a key that was lost: they are what they were when it "
            "was replaced, and nobody can check what they were before."
        )
    if not anchors:
        click.echo("Not held against an anchor: entries cut off from the end would not be missed.")


def _anchors(text: str) -> list[Anchor]:
    found = anchors_in(text)
    if not found:
        try:
            found = anchors_in(Path(text).read_text("utf-8", "replace"))
        except OSError as error:
            raise BadInput(
                f"{text!r} is neither an anchor nor a file that can be read: {error.strerror}."
            ) from None
    if not found:
        raise BadInput(f"There is no anchor in {text}.")
    return found


@click.command()
@click.argument("unit_name", metavar="UNIT")
@click.option("--person", required=True, metavar="KEY", help="The person's key in the register.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list, for scripts.")
def disclosures(unit_name: str, person: str, as_json: bool) -> None:
    """Tell to whom and when the record of one person of UNIT was given, by the hour (UTC)."""
    with opened(Settings.from_env()) as database:
        with database.read() as connection:
            unit = unit_named(connection, unit_name)
            seq = person_with_key(connection, unit.id, person)
            names = {each.id: each.name for each in clients_of(connection, unit)}
            names |= {
                INBOUND: "pushed to Microsoft Entra ID",
                FILES: "written to files for School Data Sync",
            }
        given = list(disclosed(database, unit.id, seq))
        since = recorded_since(database, unit.id)
    if as_json:
        rows = [
            {
                "client": each.client_id,
                "from": stamp(each.window),
                "to": stamp(each.window + WINDOW),
            }
            for each in given
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for spell in _spells(given):
        first, last = spell[0], spell[-1]
        name = names.get(first.client_id, "a client that was removed")
        click.echo(
            f"{first.window:%Y-%m-%d %H:%M} to {last.window + WINDOW:%Y-%m-%d %H:%M} UTC  "
            f"{first.client_id} ({name})"
        )
    if not given:
        told = f"since {since:%Y-%m-%d %H:%M} UTC" if since else "yet"
        click.echo(f"To nobody {told}.", err=True)


def _spells(given: Iterable[Disclosed]) -> Iterator[list[Disclosed]]:
    """Hours of one client that follow one another, together; the oldest spell first."""
    ordered = sorted(given, key=lambda each: (each.client_id, each.window))
    numbered = enumerate(ordered)
    spells = [
        [each for _, each in group]
        for _, group in groupby(
            numbered, lambda pair: (pair[1].client_id, pair[1].window - pair[0] * WINDOW)
        )
    ]
    return iter(sorted(spells, key=lambda spell: spell[0].window))
