"""What an administrator copies, four values or two, and the life of the secret among them.

active → superseded (another took its place, and both work until the overlap ends) → ended. A
secret that nobody replaced expires; one that is revoked ends at once, with every token it got.
The tokens of a secret that ended or expired live on to their own end, so that no request fails
between two tokens.

A long-lived bearer is for portals that know nothing but a "Secret token": a secret that is sent
with every request as if it were an access token.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from scim_server.audit import record
from scim_server.clock import moment, stamp
from scim_server.directory.units import Unit
from scim_server.errors import BadInput, Refused
from scim_server.keys import Key, Keys
from scim_server.oauth.addresses import access_url, token_url
from scim_server.oauth.clients import FIRST, READ, Client, add, client_named, clients_of
from scim_server.oauth.secrets import (
    SECRET_LENGTH,
    bearer_id,
    digest,
    matches,
    new_bearer,
    new_secret,
    secret_id,
)
from scim_server.oauth.tables import client, credential

LIFE = timedelta(days=365)
SHORTEST, LONGEST = timedelta(days=30), timedelta(days=1_095)
OVERLAP = timedelta(days=7)
_LONGEST_OVERLAP = timedelta(days=30)
_LIVE_OF_A_KIND = 2

BEARER_LIFE = timedelta(days=180)
_SHORTEST_BEARER, _LONGEST_BEARER = timedelta(days=1), timedelta(days=365)

SECRET, BEARER = "secret", "bearer"
"""The kinds of credential that are told of here; a client may have another, a trust in keys."""
_NEW = {SECRET: new_secret, BEARER: new_bearer}

IN_USE = timedelta(hours=1)
"""How long ago a secret may have been used last for its revocation to be told as one in use."""

REASONS = ("routine", "leaked", "staff-change", "lost", "other")
"""Why a secret was replaced or ended; a closed list, so that the record names nobody."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the administrator enters on Microsoft's side. ``expires`` is when the secret ends."""

    web_access_url: str
    client_id: str
    client_secret: str
    token_endpoint_url: str
    expires: datetime

    def labelled(self) -> dict[str, str]:
        """The four values under exactly the labels that the register's users know."""
        return {
            "Web Access Url": self.web_access_url,
            "Client Id": self.client_id,
            "Client Secret": self.client_secret,
            "Token endpoint Url": self.token_endpoint_url,
        }


@dataclass(frozen=True, slots=True)
class Bearer:
    """What the administrator enters where a portal asks for a "Secret token"."""

    tenant_url: str
    secret_token: str
    expires: datetime

    def labelled(self) -> dict[str, str]:
        """The two values under the labels that Entra's older form has."""
        return {"Tenant URL": self.tenant_url, "Secret token": self.secret_token}


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret or a long-lived bearer, as ``kind`` tells, in what may be shown of it: its name, its
    client, and the moments of its life.
    """

    id: str
    client_id: str
    kind: str
    created: datetime
    expires: datetime
    superseded: datetime | None
    revoked: datetime | None

    def state(self, now: datetime) -> str:
        """``active``, ``superseded``, ``ended``, ``expired`` or ``revoked``."""
        if self.revoked:
            return "revoked"
        if self.superseded:
            return "superseded" if now < self.expires else "ended"
        return "active" if now < self.expires else "expired"

    def is_live(self, now: datetime) -> bool:
        """Whether it still gets tokens, or as a bearer is still one."""
        return self.revoked is None and now < self.expires


def issue(
    connection: Connection,
    of: Unit,
    *,
    key: Key,
    public_url: str,
    now: datetime,
    actor: str,
    client_name: str | None = None,
    life: timedelta = LIFE,
    consumer: str = "scim",
) -> Credentials:
    """Give a client of the unit a secret, and the unit a client if it has none.

    ``consumer`` is one of :data:`~scim_server.oauth.addresses.CONSUMERS`, and decides which address
    is told.

    ``client_name`` may be left out where there is one client or none. ``life`` is 30 to 1,095
    days. A client has at most two live secrets, so that one can be replaced while the other
    works. Raises :class:`~scim_server.errors.Refused` for a third, and
    :class:`~scim_server.errors.BadInput` for another life or client.
    """
    _check_life(life)
    if consumer != "scim" and of.kind != "register":
        raise BadInput(f"{of.name!r} is a sandbox: it has no rosters. Leave out --for.")
    client_id = _receiver(connection, of, client_name, now, actor).id
    secret = _give(connection, of, client_id, SECRET, key=key, now=now, life=life, actor=actor)
    access = access_url(public_url, of.name, consumer)
    return Credentials(access, client_id, secret, token_url(public_url, of.name), now + life)


def issue_bearer(
    connection: Connection,
    of: Unit,
    *,
    accepted: bool,
    key: Key,
    public_url: str,
    now: datetime,
    actor: str,
    client_name: str | None = None,
    life: timedelta = BEARER_LIFE,
) -> Bearer:
    """Give a client of the unit a bearer, which reads by itself; and the unit a client if need be.

    ``accepted`` tells whether the server lets long-lived bearers in; ``life`` is 1 to 365 days. A
    client has at most two live ones, beside its secrets. Raises
    :class:`~scim_server.errors.Refused` where they aren't let in, for a third, and for a client
    that may not read; :class:`~scim_server.errors.BadInput` for another life or client.
    """
    if not accepted:
        raise Refused(
            "Long-lived tokens are switched off: they can't be narrowed, and live long. If the "
            "portal knows nothing better, set SCIM_LONG_LIVED_TOKENS=on and restart the server."
        )
    if not _SHORTEST_BEARER <= life <= _LONGEST_BEARER:
        raise BadInput(f"A bearer lives {_SHORTEST_BEARER.days} to {_LONGEST_BEARER.days} days.")
    receiver = _receiver(connection, of, client_name, now, actor)
    if READ not in receiver.scopes:
        raise Refused(f"The client {receiver.name} of {of.name!r} may not read: it lacks {READ}.")
    bearer = _give(connection, of, receiver.id, BEARER, key=key, now=now, life=life, actor=actor)
    return Bearer(access_url(public_url, of.name), bearer, now + life)


def rotate(
    connection: Connection,
    of: Unit,
    *,
    key: Key,
    public_url: str,
    now: datetime,
    actor: str,
    client_name: str | None = None,
    life: timedelta = LIFE,
    overlap: timedelta = OVERLAP,
    reason: str = "routine",
) -> Credentials:
    """Issue a secret that takes the place of the live one, which ends after ``overlap``.

    The overlap is 0 to 30 days, and never makes the old secret live longer than it would have.
    Raises :class:`~scim_server.errors.Refused` where none or two are live, and
    :class:`~scim_server.errors.BadInput` for another overlap, life or client.
    """
    _wait_for_others(connection, of)
    receiver = client_named(connection, of, client_name)
    live = _live(connection, of, receiver.id, now, SECRET)
    if not live:
        raise Refused(
            f"The client {receiver.name} of {of.name!r} has no live secret to replace. "
            f"Run: scim-server credentials issue {of.name}"
        )
    made = issue(
        connection, of, key=key, public_url=public_url, now=now, actor=actor,
        client_name=receiver.name, life=life,
    )  # fmt: skip  # two live ones are refused here
    (old,) = live
    supersede(connection, of, old.id, now=now, actor=actor, overlap=overlap, reason=reason)
    return made


def supersede(
    connection: Connection,
    of: Unit,
    secret: str,
    *,
    now: datetime,
    actor: str,
    overlap: timedelta = OVERLAP,
    reason: str = "routine",
) -> datetime:
    """Let a live secret end after ``overlap``, since another took its place; returns when.

    The overlap is 0 to 30 days, and never makes the secret live longer than it would have. Raises
    :class:`~scim_server.errors.BadInput` for another one, and where the unit has no such live
    secret.
    """
    if not timedelta() <= overlap <= _LONGEST_OVERLAP:
        raise BadInput(f"An overlap is 0 to {_LONGEST_OVERLAP.days} days.")
    old = _live_named(connection, of, secret, now)
    ends = min(old.expires, now + overlap)
    connection.execute(
        update(credential)
        .where(credential.c.id == old.id)
        .values(superseded=stamp(now), expires=stamp(ends))
    )
    facts = {"client": old.client_id, "secret": old.id, "ends": stamp(ends), "reason": reason}
    record(
        connection, at=now, action="credential.superseded", actor=actor, unit=of.name, facts=facts
    )
    return ends


def revoke(
    connection: Connection,
    of: Unit,
    secret: str,
    *,
    now: datetime,
    actor: str,
    reason: str = "other",
    force: bool = False,
    last_use: datetime | None = None,
) -> None:
    """End a secret and every token that it got, or a long-lived bearer, at once.

    A ``last_use`` within the last hour is remembered, and told for some days. Raises
    :class:`~scim_server.errors.BadInput` where the unit has no such live secret, and
    :class:`~scim_server.errors.Refused`, without ``force``, for its client's last live secret and
    for a bearer where the client has nothing else: the synchronisation would stop.
    """
    _wait_for_others(connection, of)
    ending = _live_named(connection, of, secret, now)
    needed = SECRET if ending.kind == SECRET else None
    live = _live(connection, of, ending.client_id, now, needed)
    if len(live) == 1 and not force:
        remedy = "rotate" if ending.kind == SECRET else "bearer"
        raise Refused(
            f"{secret} is the last live {ending.kind} of the client {ending.client_id}: without "
            "it the synchronisation stops. Replace it first with scim-server credentials "
            f"{remedy} {of.name}, or say --force."
        )
    facts: dict[str, Any] = {"secret": secret, "reason": reason, "forced": force}
    if last_use is not None and now - last_use < IN_USE:
        facts["used_minutes_ago"] = max(0, (now - last_use) // timedelta(minutes=1))
    _end(connection, of.name, secret, now, actor, facts)


def end_bearer(
    connection: Connection, unit: str, *, bearer: str, client_id: str, now: datetime
) -> None:
    """End a long-lived bearer because the client that holds it asked for that (RFC 7009 §2); one
    that has been revoked stays as it is.
    """
    facts = {"secret": bearer, "reason": "other", "forced": False}
    _end(connection, unit, bearer, now, client_id, facts)


def secrets_of(connection: Connection, unit_id: int) -> list[Secret]:
    """Every secret and long-lived bearer that the unit's clients ever had, the first to end
    first.
    """
    columns = (
        credential.c.id, credential.c.client_id, credential.c.kind, credential.c.created,
        credential.c.expires, credential.c.superseded, credential.c.revoked,
    )  # fmt: skip
    query = (
        select(*columns)
        .join(client, client.c.id == credential.c.client_id)
        .where(client.c.unit_id == unit_id, credential.c.kind.in_((SECRET, BEARER)))
        .order_by(credential.c.expires, credential.c.id)
    )
    return [
        Secret(id, of, kind, *(moment(at) if at else None for at in times))  # type: ignore[arg-type]
        for id, of, kind, *times in connection.execute(query)
    ]


def recognise(connection: Connection, of: Unit, text: str, *, keys: Keys) -> Secret:
    """The unit's secret or long-lived bearer whose text this is, live or not.

    Raises :class:`~scim_server.errors.BadInput` for a text that is no whole one, which its
    checksum tells, and :class:`~scim_server.errors.Refused` for a whole one that isn't the unit's.
    """
    name = secret_id(text) or bearer_id(text)
    if name is None:
        raise BadInput(
            "This is no whole client secret: a character is wrong, missing or too many. One "
            f"begins with uonet_cs_ (a bearer: uonet_bt_) and has {SECRET_LENGTH} characters; this "
            f"text has {len(text)}."
        )
    kept = connection.scalar(select(credential.c.digest).where(credential.c.id == name))
    found = {each.id: each for each in secrets_of(connection, of.id)}.get(name)
    if found is None or not matches(kept or "", keys, text):
        raise Refused(f"A whole secret, but none that {of.name!r} was given.")
    return found


def live_secrets(connection: Connection, unit_id: int, now: datetime) -> list[Secret]:
    """The unit's secrets and long-lived bearers that still work, the first to end first."""
    return [each for each in secrets_of(connection, unit_id) if each.is_live(now)]


def _live_named(connection: Connection, of: Unit, secret: str, now: datetime) -> Secret:
    found = {each.id: each for each in live_secrets(connection, of.id, now)}.get(secret)
    if found is None:
        raise BadInput(f"The unit {of.name!r} has no live secret {secret!r}.")
    return found


def _wait_for_others(connection: Connection, of: Unit) -> None:
    """Let one administrator at a time count and change a unit's credentials: of two who rotate
    the same secret at once, the second is refused.
    """
    rows = select(client.c.id).where(client.c.unit_id == of.id).order_by(client.c.id)
    connection.execute(rows.with_for_update())


def _check_life(life: timedelta) -> None:
    if not SHORTEST <= life <= LONGEST:
        raise BadInput(f"A secret lives {SHORTEST.days} to {LONGEST.days:,} days.")


def _receiver(
    connection: Connection, of: Unit, name: str | None, now: datetime, actor: str
) -> Client:
    """Whom credentials are for; a unit without clients gets its first one."""
    _wait_for_others(connection, of)
    if name is None and not clients_of(connection, of):
        return add(connection, of, FIRST, now=now, actor=actor)
    return client_named(connection, of, name)


def _give(
    connection: Connection,
    of: Unit,
    client_id: str,
    kind: str,
    *,
    key: Key,
    now: datetime,
    life: timedelta,
    actor: str,
) -> str:
    """Keep a new secret or bearer of the client; what is returned is its text."""
    live = _live(connection, of, client_id, now, kind)
    if len(live) >= _LIVE_OF_A_KIND:
        raise Refused(
            f"The client {client_id} has two live {kind}s already; the first of them ends on "
            f"{live[0].expires:%Y-%m-%d}. Revoke the one that is no longer used: "
            f"scim-server credentials list {of.name}"
        )
    made, expires = _NEW[kind](), stamp(now + life)
    connection.execute(
        insert(credential).values(
            id=made.id, client_id=client_id, kind=kind, digest=digest(key, made.text), key=key.id,
            created=stamp(now), expires=expires,
        )
    )  # fmt: skip
    facts = {"client": client_id, "secret": made.id, "kind": kind, "expires": expires}
    record(connection, at=now, action="credential.issued", actor=actor, unit=of.name, facts=facts)
    return made.text


def _end(
    connection: Connection,
    unit: str,
    secret: str,
    now: datetime,
    actor: str,
    facts: dict[str, Any],
) -> None:
    live = (credential.c.id == secret, credential.c.revoked.is_(None))
    ended = connection.execute(update(credential).where(*live).values(revoked=stamp(now)))
    if ended.rowcount:
        record(connection, at=now, action="credential.revoked", actor=actor, unit=unit, facts=facts)


def _live(
    connection: Connection, of: Unit, client_id: str, now: datetime, kind: str | None
) -> list[Secret]:
    """The client's live secrets of that kind, or of either."""
    found = live_secrets(connection, of.id, now)
    return [each for each in found if each.client_id == client_id and kind in (None, each.kind)]
