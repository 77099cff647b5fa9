"""``credentials``: the four values that Microsoft's side is given, and the life of the secret."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import click

from scim_server.cli.opening import destination, opened, operator
from scim_server.clock import stamp, system_clock
from scim_server.directory.units import Unit, unit_named, units
from scim_server.errors import Refused
from scim_server.oauth import credentials as issuing
from scim_server.oauth.addresses import CONSUMERS, access_url, token_url
from scim_server.oauth.clients import clients_of
from scim_server.oauth.tokens import LastUse, last_uses
from scim_server.oauth.trusts import trusts_of
from scim_server.settings import Settings

_NEXT = """\
The secret is shown only now. It ends on {expires:%Y-%m-%d}.

Next, in Entra: the enterprise app > Provisioning > connectivity (Admin credentials):
  Tenant URL = Web Access Url, Token endpoint, Client Id and Client Secret as above;
  Test connection, then Save."""

_NEXT_WITH_SDS = """\
The secret is shown only now. It ends on {expires:%Y-%m-%d}.

Next, School Data Sync has to know this server: its wizard offers listed providers alone, so
register it with the request that scim-server sds register prints, or upload the files that
scim-server sds csv writes. The values go where a form asks for them under these names."""

_NEXT_WITH_GOOGLE = """\
The secret is shown only now. It ends on {expires:%Y-%m-%d}.

Next, Google has to know this server: the Google Admin console offers the systems alone that passed
its conformance tests. Those ask for the same values: Token URL, OneRoster URL = Web Access Url,
Client ID and Client secret."""

_NEXT_FOR = {"scim": _NEXT, "sds": _NEXT_WITH_SDS, "google": _NEXT_WITH_GOOGLE}

_NEXT_WITH_BEARER = """\
The token is shown only now. It ends on {expires:%Y-%m-%d}. Whoever has it reads the unit until then
or until you revoke it, and it can't be narrowed: prefer client credentials where the portal knows
them.

Next, in Entra: the enterprise app > Provisioning > Admin Credentials:
  Tenant URL and Secret token as above; Test Connection, then Save."""


def _duration(value: str | timedelta) -> timedelta:
    """What ``7d`` or ``12h`` means."""
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"([0-9]{1,5})([dh])", value)
    if not found:
        raise click.BadParameter(f"{value!r} is no duration. Write days or hours: 7d, 12h.")
    return timedelta(**{{"d": "days", "h": "hours"}[found[2]]: int(found[1])})


def _with_form(life: str, lives: str) -> Callable[..., Any]:
    """The options of what hands values out; ``life`` is how long these work without a word."""
    form = (
        click.option(
            "--client",
            help="The client's name; may be left out where the unit has one, or none yet.",
        ),
        click.option(
            "--expires", type=_duration, metavar="DURATION", default=life, show_default=True,
            help=lives,
        ),
        click.option(
            "--to", type=click.Path(path_type=Path),
            help="Write the values to this new file, readable by you alone, instead of showing "
            "them.",
        ),
        click.option("--json", "as_json", is_flag=True, help="One JSON object, for scripts."),
    )  # fmt: skip

    def add(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(form):
            command = option(command)
        return command

    return add


_of_a_secret = _with_form("365d", "How long the secret lives, 30d to 1095d.")
_of_a_bearer = _with_form("180d", "How long the token lives, 1d to 365d.")


def _reason(default: str) -> Callable[..., Any]:
    return click.option(
        "--reason",
        type=click.Choice(issuing.REASONS),
        default=default,
        show_default=True,
        help="Why, for the record.",
    )


@click.group()
def credentials() -> None:
    """Credentials of a unit's clients."""


@credentials.command()
@click.argument("unit_name", metavar="UNIT")
@_of_a_secret
@click.option(
    "--for",
    "consumer",
    type=click.Choice(tuple(CONSUMERS)),
    default="scim",
    show_default=True,
    help="Who gets the values: any SCIM client, School Data Sync, or Google Classroom.",
)
def issue(
    unit_name: str,
    client: str | None,
    expires: timedelta,
    to: Path | None,
    as_json: bool,
    consumer: str,
) -> None:
    """Give UNIT a client secret and print the four values. The secret is shown this once."""
    _hand_out(
        issuing.issue, unit_name, to, as_json,
        following=_NEXT_FOR[consumer], client_name=client, life=expires, consumer=consumer,
    )  # fmt: skip


@credentials.command()
@click.argument("unit_name", metavar="UNIT")
@click.option(
    "--overlap",
    type=_duration,
    metavar="DURATION",
    default="7d",
    show_default=True,
    help="How long the old secret goes on working, 0d to 30d.",
)
@_reason("routine")
@_of_a_secret
def rotate(
    unit_name: str,
    overlap: timedelta,
    reason: str,
    client: str | None,
    expires: timedelta,
    to: Path | None,
    as_json: bool,
) -> None:
    """Replace the secret of UNIT: print the values with a new one; both work for a while."""
    _hand_out(
        issuing.rotate, unit_name, to, as_json,
        client_name=client, life=expires, overlap=overlap, reason=reason,
    )  # fmt: skip
    if overlap:
        click.echo(
            f"The old secret ends in {_span(overlap)}, or when it would have ended anyway. "
            f"Enter the new one before; see: scim-server credentials list {unit_name}",
            err=True,
        )


@credentials.command()
@click.argument("unit_name", metavar="UNIT")
@_of_a_bearer
def bearer(
    unit_name: str, client: str | None, expires: timedelta, to: Path | None, as_json: bool
) -> None:
    """Give UNIT a long-lived token for a portal that knows only "Secret token"; print both values.

    It may read and no more, and is shown this once. Refused unless SCIM_LONG_LIVED_TOKENS is on.
    """
    settings = Settings.from_env()
    _hand_out(
        issuing.issue_bearer, unit_name, to, as_json,
        accepted=settings.long_lived_tokens, client_name=client, life=expires,
    )  # fmt: skip


def _hand_out(
    make: Callable[..., issuing.Credentials | issuing.Bearer],
    unit_name: str,
    to: Path | None,
    as_json: bool,
    following: str | None = None,
    **terms: Any,
) -> None:
    """Make credentials and give them out; where they can't be written, none are made."""
    settings = Settings.from_env()
    with (
        destination(to) as out,
        opened(settings) as database,
        database.write() as connection,
    ):
        unit = unit_named(connection, unit_name)
        made = make(
            connection,
            unit,
            key=settings.key("digest"),
            public_url=settings.public_url,
            now=system_clock(),
            actor=operator(),
            **terms,
        )
        show(made, as_json=as_json, out=out, following=following)
        out.flush()
    if to:
        click.echo(f"The values lie in {to}.", err=True)
    if not (as_json or unit.publishes):
        click.echo(
            "No school of the unit publishes yet, so tokens are refused until a director decides: "
            f"scim-server consent {unit.name} on --by NAME",
            err=True,
        )


def show(
    made: issuing.Credentials | issuing.Bearer,
    *,
    as_json: bool,
    out: IO[str] | None = None,
    following: str | None = None,
) -> None:
    """Print the values, each on a line under its label, or as one JSON object; ``following`` tells
    what to do with them.
    """
    if as_json:
        click.echo(json.dumps({**made.labelled(), "Expires": stamp(made.expires)}), file=out)
        return
    for label, value in made.labelled().items():
        click.echo(f"{label}: {value}", file=out)
    if following is None:
        following = _NEXT_WITH_BEARER if isinstance(made, issuing.Bearer) else _NEXT
    click.echo(following.format(expires=made.expires), err=True)


@credentials.command("list")
@click.argument("unit_name", metavar="[UNIT]", required=False)
@click.option("--all", "ended", is_flag=True, help="Secrets that have ended, too.")
@click.option(
    "--fail-within",
    type=_duration,
    metavar="DURATION",
    help="End with code 1 where nothing of a client lives longer than this: for cron.",
)
@click.option("--json", "as_json", is_flag=True, help="A JSON list, for scripts.")
def list_(unit_name: str | None, ended: bool, fail_within: timedelta | None, as_json: bool) -> None:
    """List the secrets and long-lived bearers of UNIT, or of every unit: when each ends, and when
    it was last used.
    """
    now = system_clock()
    found: list[tuple[Unit, issuing.Secret]] = []
    trusted: set[str] = set()
    with opened(Settings.from_env()) as database:
        with database.read() as connection:
            asked = [unit_named(connection, unit_name)] if unit_name else units(connection)
            for unit in asked:
                found += [(unit, each) for each in issuing.secrets_of(connection, unit.id)]
                trusted |= {each.client_id for each in trusts_of(connection, unit)}
        uses = last_uses(database, [each.id for _, each in found])
    shown = [row for row in found if ended or row[1].is_live(now)]
    if as_json:
        rows = [_described(unit, each, uses[each.id], now) for unit, each in shown]
        click.echo(json.dumps(rows, indent=2))
    else:
        for unit, each in shown:
            kind = "" if each.kind == issuing.SECRET else f"{each.kind} "
            click.echo(f"{unit.name}  {kind}{line(each, uses[each.id], now)}")
        if not shown:
            click.echo("No live secrets.", err=True)
    if fail_within is not None:
        held = [each for each in found if each[1].client_id not in trusted or each[1].is_live(now)]
        _refuse_short_lives(held, now, now + fail_within)


def _refuse_short_lives(
    found: list[tuple[Unit, issuing.Secret]], now: datetime, until: datetime
) -> None:
    """A client that was given a secret needs one that lives on, and so does one whose live bearer
    is in some portal; a client that has left one of the kinds behind doesn't need it any more.
    """
    live = [each for _, each in found if each.is_live(now)]
    works = {each.client_id for each in live}
    needed = [*live, *(each for _, each in found if each.client_id not in works)]
    lasting = {(each.client_id, each.kind) for each in live if each.expires > until}
    short = dict.fromkeys(
        f"{each.client_id} ({each.kind})"
        for each in needed
        if (each.client_id, each.kind) not in lasting
    )
    if short:
        raise Refused(
            f"Nothing lives beyond {until:%Y-%m-%d} for: {', '.join(short)}. Run scim-server "
            "credentials rotate (for a bearer: credentials bearer), and enter the new one on "
            "Microsoft's side."
        )


@credentials.command("show")
@click.argument("unit_name", metavar="UNIT")
def show_command(unit_name: str) -> None:
    """Print what UNIT was given, but for the secret: only its digest is kept."""
    settings, now = Settings.from_env(), system_clock()
    with opened(settings) as database:
        with database.read() as connection:
            unit = unit_named(connection, unit_name)
            clients = clients_of(connection, unit)
            secrets = issuing.secrets_of(connection, unit.id)
        uses = last_uses(database, [each.id for each in secrets])
    click.echo(f"Web Access Url: {access_url(settings.public_url, unit.name)}")
    for client in clients:
        click.echo(f"Client Id: {client.id}  ({client.name})")
    click.echo(f"Token endpoint Url: {token_url(settings.public_url, unit.name)}")
    for each in secrets:
        label = "Client Secret" if each.kind == issuing.SECRET else "Secret token"
        click.echo(f"{label} {line(each, uses[each.id], now)}")
    if not secrets:
        click.echo(f"No secret yet. Run: scim-server credentials issue {unit.name}", err=True)


@credentials.command()
@click.argument("unit_name", metavar="UNIT")
def check(unit_name: str) -> None:
    """Tell whether a secret or a long-lived bearer was copied whole, and which of UNIT it is.

    It is asked for without being shown, or read from standard input; never an argument, since
    those are seen by every account of the machine.
    """
    settings = Settings.from_env()
    if sys.stdin.isatty():
        text = click.prompt("Client Secret", hide_input=True, err=True)
    else:
        text = sys.stdin.readline().rstrip("\r\n")
    with opened(settings) as database, database.read() as connection:
        found = issuing.recognise(
            connection,
            unit_named(connection, unit_name),
            text,
            keys=settings.keys("digest"),
        )
    state = found.state(system_clock())
    click.echo(f"A whole {found.kind}: {found.id} of {found.client_id}, {state}.")


@credentials.command()
@click.argument("unit_name", metavar="UNIT")
@click.argument("secret")
@click.option("--force", is_flag=True, help="Even the last live one: the synchronisation stops.")
@_reason("other")
def revoke(unit_name: str, secret: str, force: bool, reason: str) -> None:
    """End the secret or bearer named SECRET (see list), and every token that it got, at once."""
    now = system_clock()
    with opened(Settings.from_env()) as database:
        used = last_uses(database, [secret])[secret].at
        with database.write() as connection:
            issuing.revoke(
                connection,
                unit_named(connection, unit_name),
                secret,
                now=now,
                actor=operator(),
                reason=reason,
                force=force,
                last_use=used,
            )
    click.echo(f"Secret {secret} was revoked; its tokens are refused.")
    if used and now - used < issuing.IN_USE:
        click.echo(
            f"It was in use: last {max(0, (now - used).seconds // 60)} minutes ago. Whoever used "
            "it is refused from now on; if that was your synchronisation, enter another secret "
            "on Microsoft's side.",
            err=True,
        )


def line(secret: issuing.Secret, use: LastUse, now: datetime) -> str:
    """A secret as a person sees it."""
    state = secret.state(now)
    if secret.is_live(now):
        end = f"ends in {_span(secret.expires - now)}, on {secret.expires:%Y-%m-%d}"
    else:
        end = f"since {secret.revoked or secret.expires:%Y-%m-%d}"
    used = f"last read {when(use.read)}"
    if secret.kind == issuing.SECRET:
        used = f"last token {when(use.token)}, {used}"
    return f"{secret.id} of {secret.client_id}: {state}, {end}; {used}"


def when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"


def _span(length: timedelta) -> str:
    count, unit = (length.days, "day") if length.days else (length.seconds // 3600, "hour")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _described(
    unit: Unit, secret: issuing.Secret, use: LastUse, now: datetime
) -> dict[str, str | None]:
    return {
        "unit": unit.name,
        "client": secret.client_id,
        "secret": secret.id,
        "kind": secret.kind,
        "state": secret.state(now),
        "created": stamp(secret.created),
        "expires": stamp(secret.expires),
        "last_token": stamp(use.token) if use.token else None,
        "last_read": stamp(use.read) if use.read else None,
    }
