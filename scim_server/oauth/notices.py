"""What an administrator has to know about a client's secrets before it is too late."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from scim_server.audit import entries
from scim_server.clock import moment
from scim_server.database import Database
from scim_server.directory.units import Unit, units
from scim_server.oauth.clients import Client, clients_of
from scim_server.oauth.credentials import BEARER, SECRET, Secret, secrets_of
from scim_server.oauth.tokens import LastUse, last_uses
from scim_server.oauth.trusts import trusts_of

DAYS = (1, 7, 14, 30, 90)
"""How many days before its end an administrator is warned of a secret that nothing replaces."""

_NONE = "credential.none"
_UNUSED_BEFORE = timedelta(days=2)

_TOLD_FOR = timedelta(days=7)
"""How long a revocation of a secret in use is told."""

_REPLACED_BY = {SECRET: "rotate", BEARER: "bearer"}
_ISSUED_BY = {SECRET: "issue", BEARER: "bearer"}
_POLISH = {SECRET: ("Hasło", "hasła"), BEARER: ("Token", "tokenu")}


@dataclass(frozen=True, slots=True)
class Notice:
    """``code`` and ``stage`` tell one notice from the next about the same secret; ``text`` is for
    a person, and so is ``polish``, which tells the same to who runs a school's Microsoft 365.
    """

    code: str
    unit: str
    client_id: str
    secret: str
    stage: int
    text: str
    polish: str


def due(database: Database, now: datetime) -> list[Notice]:
    """What is to be told now, of all units."""
    with database.read() as connection:
        return [
            each
            for unit in units(connection)
            for each in notices_of(database, connection, unit, now)
        ]


def notices_of(database: Database, connection: Connection, of: Unit, now: datetime) -> list[Notice]:
    """What is to be told now of one unit."""
    secrets = secrets_of(connection, of.id)
    return notices(
        of,
        clients_of(connection, of),
        secrets,
        last_uses(database, [each.id for each in secrets]),
        now,
        _revoked_in_use(connection, of, now),
        trusted={each.client_id for each in trusts_of(connection, of)},
    )


def notices(
    of: Unit,
    clients: Sequence[Client],
    secrets: Sequence[Secret],
    uses: Mapping[str, LastUse],
    now: datetime,
    revoked_in_use: Mapping[str, int],
    *,
    trusted: Collection[str] = (),
) -> list[Notice]:
    """What is to be told now about the clients that are admitted and were given a secret.

    ``secrets`` are all that the unit's clients ever had, bearers among them; ``uses`` tells the
    last use of each, ``revoked_in_use`` of which ones how many minutes before their revocation.
    The clients ``trusted`` sign in without one, too.
    """
    found: list[Notice] = []
    for client in clients:
        own = [each for each in secrets if each.client_id == client.id]
        if own and not client.disabled:
            told = _of_client(of, client, own, uses, now)
            found += [each for each in told if each.code != _NONE or client.id not in trusted]
            found += [
                _revoked(of, client, each, revoked_in_use[each.id])
                for each in own
                if each.id in revoked_in_use
            ]
    return found


def _revoked_in_use(connection: Connection, of: Unit, now: datetime) -> dict[str, int]:
    return {
        each["facts"]["secret"]: each["facts"]["used_minutes_ago"]
        for each in entries(connection, unit=of.name, action="credential.revoked")
        if "used_minutes_ago" in each["facts"] and now - moment(each["at"]) < _TOLD_FOR
    }


def _of_client(
    of: Unit, client: Client, own: Sequence[Secret], uses: Mapping[str, LastUse], now: datetime
) -> Iterator[Notice]:
    """A client that moved from one kind to the other is not told of the kind it left behind."""
    live = [each for each in own if each.is_live(now)]
    if not live:
        yield _none(of, client, max(own, key=lambda each: each.revoked or each.expires))
    for kind in (SECRET, BEARER):
        if alike := [each for each in live if each.kind == kind]:
            yield from _of_kind(of, client, alike, uses, now)


def _of_kind(
    of: Unit, client: Client, live: Sequence[Secret], uses: Mapping[str, LastUse], now: datetime
) -> Iterator[Notice]:
    lasting = max(live, key=lambda each: each.expires)
    days = -(-(lasting.expires - now) // timedelta(days=1))
    if stage := next((each for each in DAYS if days <= each), 0):
        yield _expiring(of, client, lasting, stage, days)
    for old in live:
        ends_soon = old.superseded and old.expires - now <= _UNUSED_BEFORE
        if ends_soon and lasting is not old and uses[lasting.id].at is None:
            yield _unused(of, client, lasting, old)


def _none(of: Unit, client: Client, last: Secret) -> Notice:
    command = f"scim-server credentials {_ISSUED_BY[last.kind]} {of.name} --client {client.name}"
    return Notice(
        _NONE, of.name, client.id, last.id, 0,
        f"The client {client.name} has no live {last.kind}: Microsoft's side is refused. "
        f"Run: {command}",
        f"Klient {client.name} nie ma ważnego {_POLISH[last.kind][1]}, więc strona Microsoftu "
        f"dostaje odmowę. Polecenie: {command}",
    )  # fmt: skip


def _expiring(of: Unit, client: Client, lasting: Secret, stage: int, days: int) -> Notice:
    command = (
        f"scim-server credentials {_REPLACED_BY[lasting.kind]} {of.name} --client {client.name}"
    )
    return Notice(
        "credential.expiring", of.name, client.id, lasting.id, stage,
        f"The {lasting.kind} {lasting.id} of {client.name} ends on {lasting.expires:%Y-%m-%d}, in "
        f"{days} day(s), and nothing replaces it. Run: {command}",
        f"{_POLISH[lasting.kind][0]} {lasting.id} klienta {client.name} kończy się "
        f"{lasting.expires:%Y-%m-%d} (dni do końca: {days}) i nic go nie zastępuje. "
        f"Polecenie: {command}",
    )  # fmt: skip


def _unused(of: Unit, client: Client, lasting: Secret, old: Secret) -> Notice:
    return Notice(
        "credential.unused", of.name, client.id, lasting.id, 0,
        f"The new secret {lasting.id} of {client.name} was never used, and the old one ends at "
        f"{old.expires:%Y-%m-%d %H:%M} UTC. Enter the new one on Microsoft's side before.",
        f"Nowe hasło {lasting.id} klienta {client.name} nie było jeszcze użyte, a stare kończy "
        f"się {old.expires:%Y-%m-%d %H:%M} UTC. Wcześniej trzeba wpisać nowe po stronie "
        "Microsoftu.",
    )  # fmt: skip


def _revoked(of: Unit, client: Client, ended: Secret, minutes: int) -> Notice:
    return Notice(
        "credential.revoked-in-use", of.name, client.id, ended.id, 0,
        f"The {ended.kind} {ended.id} of {client.name} was revoked at "
        f"{ended.revoked:%Y-%m-%d %H:%M} UTC, {minutes} minute(s) after its last use. If your "
        "synchronisation used it, it is refused since: enter another one on Microsoft's side.",
        f"{_POLISH[ended.kind][0]} {ended.id} klienta {client.name}: unieważnienie "
        f"{ended.revoked:%Y-%m-%d %H:%M} UTC, ostatnie użycie {minutes} min wcześniej. Jeśli "
        "używała go Państwa synchronizacja, dostaje odtąd odmowę i trzeba wpisać inne dane po "
        "stronie Microsoftu.",
    )  # fmt: skip
