"""Telling Microsoft Graph of a unit's rosters, and of a new secret for them: it is made for that,
sent, and ended where it wasn't taken.

A secret that exists can't be sent, because only its digest is kept. One that is made here is in
nobody's file, history or terminal: it goes from this process to Microsoft.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from random import random
from time import sleep
from typing import Any

import click

from scim_server.audit import record
from scim_server.cli.opening import opened, operator
from scim_server.clock import system_clock
from scim_server.database import Database
from scim_server.directory.units import Unit, unit_named
from scim_server.errors import BadInput, NotPushed, Refused, Unsettled
from scim_server.inbound.application import Application
from scim_server.inbound.configuration import find
from scim_server.inbound.connectors import Connector, Connectors
from scim_server.inbound.session import Session
from scim_server.inbound.transport import Network, is_own
from scim_server.oauth import credentials
from scim_server.oauth.addresses import access_url, token_url
from scim_server.oauth.clients import Client, client_named, clients_of
from scim_server.oauth.credentials import Credentials, Secret
from scim_server.oauth.secrets import secret_id
from scim_server.oneroster.connector import SECRET, registration
from scim_server.settings import Settings

_WHAT_THEN = {
    "made": "Run the same command again: it looks for the connector first. If there is none, end "
    "the secret: {end} --force",
    "replaced": "So does the older one. When School Data Sync ran, see which of them it used with "
    "scim-server credentials list; if it isn't this one, end it and begin again: {end}",
}
"""Where an answer was lost, by what would have come of it."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What is sent for which unit, by which of its clients (None: the only one), and who asks at
    Microsoft. Only one that is made needs a ``source_system``.
    """

    settings: Settings
    unit: Unit
    client: str | None
    source_system: str | None
    application: Application
    actor: str = field(default_factory=operator)

    def body(self, client_id: str, secret: str) -> dict[str, Any]:
        return body_of(self.settings, self.unit, client_id, self.source_system or "", secret)


def body_of(
    settings: Settings, unit: Unit, client_id: str, source_system: str, secret: str = SECRET
) -> dict[str, Any]:
    """The connector of the unit's rosters."""
    return registration(
        name=unit.name,
        source_system=source_system,
        base_url=access_url(settings.public_url, unit.name, "sds"),
        client_id=client_id,
        token_url=token_url(settings.public_url, unit.name),
        secret=secret,
    )


def send(
    settings: Settings,
    unit_name: str,
    client: str | None,
    source_system: str,
    given: Application | None,
) -> None:
    """Make the connector unless there is one for the unit's address, and tell what there is then.

    Without a ``given`` application the one that the unit is pushed by asks.
    """
    with _asking(settings, unit_name, client, source_system, given) as (
        database,
        asked,
        connectors,
    ):
        found = connectors.find(asked.body("", ""))
        if found is None:
            found = _make(database, asked, connectors)
        else:
            click.echo(f"There is a connector for this address already: {found.id}")
        _tell(asked.unit, found, connectors)


def rotate(
    settings: Settings, unit_name: str, client: str | None, given: Application | None
) -> None:
    """Give the connector for the unit's address a new secret. The one that it had works for seven
    days more, so that no request fails meanwhile.
    """
    with _asking(settings, unit_name, client, None, given) as (database, asked, connectors):
        found = connectors.find(asked.body("", ""))
        if found is None:
            raise Refused(
                "Microsoft has no connector for this address. Make one: scim-server sds register "
                f"{unit_name} --source-system ID --send"
            )
        _replace(database, asked, connectors, found)


@contextmanager
def _asking(
    settings: Settings,
    unit_name: str,
    client: str | None,
    source_system: str | None,
    given: Application | None,
) -> Iterator[tuple[Database, Registration, Connectors]]:
    with opened(settings) as database, closing(Network()) as network:
        with database.read() as connection:
            unit = unit_named(connection, unit_name, kind="register")
            application = given or find(connection, unit)
        if application is None:
            raise BadInput(
                "Say who asks at Microsoft: --tenant, --graph-client-id, and --secret-file or "
                f"--certificate-file. The unit {unit.name!r} isn't pushed, so nobody is known."
            )
        asked = Registration(settings, unit, client, source_system, application)
        _check(asked)
        session = Session(application, network, system_clock)
        yield database, asked, Connectors(session, sleep, random)


def _check(asked: Registration) -> None:
    """What can't work isn't told to anybody."""
    if not asked.unit.publishes:
        raise Refused(
            "No school of the unit publishes, so nobody would get a token: a director has to "
            f"decide first. Run: scim-server consent {asked.unit.name} on --by NAME"
        )
    if is_own(asked.settings.public_url) and not is_own(asked.application.graph_url):
        raise BadInput(
            f"Microsoft can't reach {asked.settings.public_url}. Set SCIM_PUBLIC_URL to the "
            "server's address in the internet."
        )


def _make(database: Database, asked: Registration, connectors: Connectors) -> Connector:
    _check_has_no_secret(database, asked)
    made, issued, secret = _hand_over(database, asked, asked.client, connectors.make, "made")
    click.echo(f"The connector was made: {made.id}")
    click.echo(
        f"It signs in here as {issued.client_id}, with the secret {secret}, which ends on "
        f"{issued.expires:%Y-%m-%d}."
    )
    return made


def _check_has_no_secret(database: Database, asked: Registration) -> None:
    """A client has two live secrets at most: were two of them in use, neither could be replaced
    without a failed request.
    """
    with database.read() as connection:
        if not clients_of(connection, asked.unit):
            return
        client = client_named(connection, asked.unit, asked.client)
    if held := _live(database, asked.unit, client):
        unit, secret = asked.unit.name, held[0].id
        raise Refused(
            f"The client {client.name} has a live secret, {secret}: with another beside it, "
            "neither could be replaced. Give the connector a client of its own: scim-server client "
            f"add {unit} sds, and here --client sds. Or end the secret, if nobody uses it: "
            f"scim-server credentials revoke {unit} {secret} --force"
        )


def _live(database: Database, unit: Unit, of: Client) -> list[Secret]:
    """The client's secrets that work."""
    with database.read() as connection:
        found = credentials.live_secrets(connection, unit.id, system_clock())
    return [each for each in found if (each.client_id, each.kind) == (of.id, credentials.SECRET)]


def _replace(
    database: Database, asked: Registration, connectors: Connectors, found: Connector
) -> None:
    client = _client_of(database, asked, found)
    before = _live(database, asked.unit, client)  # one at most, or another is refused
    _, issued, secret = _hand_over(
        database, asked, client.name,
        lambda body: connectors.replace_credential(found, body), "replaced",
    )  # fmt: skip
    click.echo(
        f"The connector {found.id} has a new secret, {secret}, which ends on "
        f"{issued.expires:%Y-%m-%d}."
    )
    now = system_clock()
    with database.write() as connection:
        for old in before:
            ends = credentials.supersede(connection, asked.unit, old.id, now=now, actor=asked.actor)
            click.echo(f"The secret {old.id} before it works until {ends:%Y-%m-%d %H:%M} UTC.")
    _ask_to_try(asked.unit, found, connectors)


def _client_of(database: Database, asked: Registration, found: Connector) -> Client:
    """The unit's client that the connector signs in as: another one's secrets stay as they are."""
    with database.read() as connection:
        known = clients_of(connection, asked.unit)
        if asked.client is None and found.client_id is not None:
            of_it = [each for each in known if each.id == found.client_id]
        else:
            of_it = [client_named(connection, asked.unit, asked.client)]
    if not of_it or found.client_id not in (None, of_it[0].id):
        raise Refused(
            f"The connector {found.id} signs in as another client, or none that the unit has. "
            "Delete it in Microsoft Graph, and register the unit anew."
        )
    return of_it[0]


def _hand_over(
    database: Database,
    asked: Registration,
    client: str | None,
    send: Callable[[dict[str, Any]], Connector],
    outcome: str,
) -> tuple[Connector, Credentials, str]:
    """Make the client a secret and ``send`` it; tell to whom, and the secret's name."""
    with database.write() as connection:
        issued = credentials.issue(
            connection,
            unit_named(connection, asked.unit.name, kind="register"),
            key=asked.settings.key("digest"),
            public_url=asked.settings.public_url,
            now=system_clock(),
            actor=asked.actor,
            client_name=client,
            consumer="sds",
        )
    secret = secret_id(issued.client_secret)
    assert secret is not None, "one that was just made is whole"
    try:
        holder = send(asked.body(issued.client_id, issued.client_secret))
    except BaseException as failure:
        is_refused = isinstance(failure, NotPushed) and not isinstance(failure, Unsettled)
        if not is_refused:
            end = f"scim-server credentials revoke {asked.unit.name} {secret}"
            click.echo(
                f"The secret {secret} goes on working, since Microsoft may hold it. "
                f"{_WHAT_THEN[outcome].format(end=end)}",
                err=True,
            )
        _note(database, asked, issued, secret, "refused" if is_refused else "unknown")
        raise
    _note(database, asked, issued, secret, outcome, holder.id)
    return holder, issued, secret


def _note(
    database: Database,
    asked: Registration,
    issued: Credentials,
    secret: str,
    outcome: str,
    connector: str | None = None,
) -> None:
    """Record what came of it; a secret that Microsoft refused is ended."""
    now = system_clock()
    with database.write() as connection:
        if outcome == "refused":
            credentials.revoke(
                connection, asked.unit, secret, now=now, actor=asked.actor, force=True
            )
        record(
            connection, at=now, action="sds.sent", actor=asked.actor, unit=asked.unit.name,
            facts={
                "tenant": asked.application.tenant, "source_system": asked.source_system,
                "client": issued.client_id, "secret": secret, "outcome": outcome,
                "connector": connector,
            },
        )  # fmt: skip


def _tell(unit: Unit, found: Connector, connectors: Connectors) -> None:
    if found.was_tried:
        click.echo(f"Microsoft signed in here with its credential, last {found.last_valid}.")
        return
    if found.is_valid:
        click.echo("Microsoft takes its credential for valid, but names no time when it was.")
    elif found.last_valid is not None:
        last = found.last_valid
        click.echo(f"Microsoft couldn't sign in here the last time; it could on {last}.")
    else:
        click.echo("Microsoft hasn't signed in here yet, or couldn't.")
    _ask_to_try(unit, found, connectors)


def _ask_to_try(unit: Unit, found: Connector, connectors: Connectors) -> None:
    try:
        connectors.ask_to_try(found)
    except NotPushed as failure:
        click.echo(f"Microsoft wasn't asked to try it: {failure}", err=True)
    else:
        click.echo(
            "Microsoft was asked to try it now. To see whether it could, run: scim-server sds "
            f"register {unit.name} --source-system ID --send"
        )
    click.echo(
        f"If it can't: it has to reach the server, get a token (scim-server credentials list "
        f"{unit.name} tells when the secret was used), and hold a secret that is live.",
        err=True,
    )
