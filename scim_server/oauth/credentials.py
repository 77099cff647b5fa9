"""The four values that an administrator copies, and the life of the secret among them.

active → superseded (another took its place, and both work until the overlap ends) → ended. A
secret that nobody replaced expires; one that is revoked ends at once, with every token it got.
The tokens of a secret that ended or expired live on to their own end, so that no request fails
between two tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from scim_server.audit import record
from scim_server.clock import moment, stamp
from scim_server.directory.units import Unit
from scim_server.errors import BadInput, Refused
from scim_server.keys import Key, Keys
from scim_server.oauth.clients import FIRST, Client, add, client_named, clients_of
from scim_server.oauth.secrets import (
    SECRET_LENGTH,
    digest,
    matches,
    new_secret,
    secret_id,
)
from scim_server.oauth.tables import client, credential

LIFE = timedelta(days=365)
SHORTEST, LONGEST = timedelta(days=30), timedelta(days=1_095)
OVERLAP = timedelta(days=7)
_LONGEST_OVERLAP = timedelta(days=30)
_LIVE_SECRETS = 2

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
class Secret:
    """A secret as it may be shown: its name, its client, and the moments of its life."""

    id: str
    client_id: str
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
        """Whether it still gets tokens."""
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
) -> Credentials:
    """Give a client of the unit a secret, and the unit a client if it has none.

    ``client_name`` may be left out where there is one client or none. ``life`` is 30 to 1,095
    days. A client has at most two live secrets, so that one can be replaced while the other
    works. Raises :class:`~scim_server.errors.Refused` for a third, and
    :class:`~scim_server.errors.BadInput` for another life or client.
    """
    _check_life(life)
    client_id = _receiver(connection, of, client_name, now, actor).id
    live = _live(connection, of, client_id, now)
    if len(live) >= _LIVE_SECRETS:
        raise Refused(
            f"The client {client_id} has two live secrets already; the first of them ends on "
            f"{live[0].expires:%Y-%m-%d}. Revoke the one that is no longer used: "
            f"scim-server credentials list {of.name}"
        )
    secret, expires = new_secret(), now + life
    connection.execute(
        insert(credential).values(
            id=secret.id,
            client_id=client_id,
            kind="secret",
            digest=digest(key, secret.text),
            key=key.id,
            created=stamp(now),
            expires=stamp(expires),
        )
    )
    facts = {"client": client_id, "secret": secret.id, "expires": stamp(expires)}
    record(connection, at=now, action="credential.issued", actor=actor, unit=of.name, facts=facts)
    access, token = addresses(of, public_url)
    return Credentials(access, client_id, secret.text, token, expires)


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
    if not timedelta() <= overlap <= _LONGEST_OVERLAP:
        raise BadInput(f"An overlap is 0 to {_LONGEST_OVERLAP.days} days.")
    receiver = client_named(connection, of, client_name)
    live = _live(connection, of, receiver.id, now)
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
    return made


def revoke(
    connection: Connection,
    of: Unit,
    secret: str,
    *,
    now: datetime,
    actor: str,
    reason: str = "other",
    force: bool = False,
) -> None:
    """End a secret and every token that it got, at once.

    Raises :class:`~scim_server.errors.BadInput` where the unit has no such live secret, and
    :class:`~scim_server.errors.Refused` for its client's last live one without ``force``: the
    synchronisation would stop.
    """
    live = live_secrets(connection, of.id, now)
    holder = {each.id: each.client_id for each in live}.get(secret)
    if holder is None:
        raise BadInput(f"The unit {of.name!r} has no live secret {secret!r}.")
    if len(_live(connection, of, holder, now)) == 1 and not force:
        raise Refused(
            f"{secret} is the last live secret of the client {holder}: without it the "
            f"synchronisation stops. Replace it first with scim-server credentials rotate "
            f"{of.name}, or say --force."
        )
    connection.execute(
        update(credential).where(credential.c.id == secret).values(revoked=stamp(now))
    )
    facts = {"secret": secret, "reason": reason, "forced": force}
    record(connection, at=now, action="credential.revoked", actor=actor, unit=of.name, facts=facts)


def secrets_of(connection: Connection, unit_id: int) -> list[Secret]:
    """Every secret that the unit's clients ever had, the first to end first."""
    columns = (
        credential.c.id, credential.c.client_id, credential.c.created,
        credential.c.expires, credential.c.superseded, credential.c.revoked,
    )  # fmt: skip
    query = (
        select(*columns)
        .join(client, client.c.id == credential.c.client_id)
        .where(client.c.unit_id == unit_id)
        .order_by(credential.c.expires, credential.c.id)
    )
    return [
        Secret(id, of, *(moment(at) if at else None for at in times))  # type: ignore[arg-type]
        for id, of, *times in connection.execute(query)
    ]


def recognise(connection: Connection, of: Unit, text: str, *, keys: Keys) -> Secret:
    """The unit's secret whose text this is, live or not.

    Raises :class:`~scim_server.errors.BadInput` for a text that is no whole secret, which its
    checksum tells, and :class:`~scim_server.errors.Refused` for a whole one that isn't the unit's.
    """
    name = secret_id(text)
    if name is None:
        raise BadInput(
            "This is no whole client secret: a character is wrong, missing or too many. One "
            f"begins with uonet_cs_ and has {SECRET_LENGTH} characters; this text has {len(text)}."
        )
    kept = connection.scalar(select(credential.c.digest).where(credential.c.id == name))
    found = {each.id: each for each in secrets_of(connection, of.id)}.get(name)
    if found is None or not matches(kept or "", keys, text):
        raise Refused(f"A whole secret, but none that {of.name!r} was given.")
    return found


def live_secrets(connection: Connection, unit_id: int, now: datetime) -> list[Secret]:
    """The unit's secrets that still get tokens, the first to end first."""
    return [each for each in secrets_of(connection, unit_id) if each.is_live(now)]


def addresses(of: Unit, public_url: str) -> tuple[str, str]:
    """The unit's Web Access Url and Token endpoint Url."""
    return f"{public_url}/{of.name}/scim/v2", f"{public_url}/{of.name}/oauth2/token"


def _check_life(life: timedelta) -> None:
    if not SHORTEST <= life <= LONGEST:
        raise BadInput(f"A secret lives {SHORTEST.days} to {LONGEST.days:,} days.")


def _receiver(
    connection: Connection, of: Unit, name: str | None, now: datetime, actor: str
) -> Client:
    """Whom credentials are for; a unit without clients gets its first one."""
    if name is None and not clients_of(connection, of):
        return add(connection, of, FIRST, now=now, actor=actor)
    return client_named(connection, of, name)


def _live(connection: Connection, of: Unit, client_id: str, now: datetime) -> list[Secret]:
    found = live_secrets(connection, of.id, now)
    return [each for each in found if each.client_id == client_id]
