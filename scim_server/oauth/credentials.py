"""Issuing credentials: the four values that an administrator copies, shown once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from scim_server.audit import record
from scim_server.clock import moment, stamp
from scim_server.directory.units import Unit
from scim_server.errors import BadInput, Refused
from scim_server.oauth.secrets import digest, new_secret
from scim_server.oauth.tables import client, client_secret

READ = "scim.read"
WRITE = "scim.write"
SCOPES = {"register": READ, "sandbox": f"{READ} {WRITE}"}
"""What a client may ask for, by the kind of its unit."""

SECRET_DAYS = 365
_LIVE_SECRETS = 2


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
class LiveSecret:
    """A secret that still gets tokens: its name, its client, and when it ends."""

    id: str
    client_id: str
    expires: datetime


def issue(
    connection: Connection, of: Unit, *, key: bytes, public_url: str, now: datetime, actor: str
) -> Credentials:
    """Give the unit's client a secret, and the unit a client if it has none.

    A client has at most two live secrets, so that one can be replaced while the other works.
    Raises :class:`~scim_server.errors.Refused` for a third.
    """
    client_id = connection.scalar(select(client.c.id).where(client.c.unit_id == of.id))
    secret = new_secret()
    if client_id is None:
        client_id = f"{of.name}-{secret.id.lower()}"
        connection.execute(
            insert(client).values(
                id=client_id,
                unit_id=of.id,
                scope=SCOPES[of.kind],
                disabled=False,
                created=stamp(now),
            )
        )
    live = [each for each in live_secrets(connection, of.id, now) if each.client_id == client_id]
    if len(live) >= _LIVE_SECRETS:
        first = min(each.expires for each in live)
        raise Refused(
            f"The client {client_id} has two live secrets already; the first of them ends on "
            f"{first:%Y-%m-%d}. A third would be one that nobody looks after."
        )
    expires = now + timedelta(days=SECRET_DAYS)
    connection.execute(
        insert(client_secret).values(
            id=secret.id,
            client_id=client_id,
            digest=digest(key, secret.text),
            created=stamp(now),
            expires=stamp(expires),
        )
    )
    record(
        connection,
        at=now,
        action="credential.issued",
        actor=actor,
        unit=of.name,
        facts={"client": client_id, "secret": secret.id, "expires": stamp(expires)},
    )
    base = f"{public_url}/{of.name}"
    return Credentials(
        f"{base}/scim/v2", client_id, secret.text, f"{base}/oauth2/token", expires
    )  # fmt: skip


def live_secrets(connection: Connection, unit_id: int, now: datetime) -> list[LiveSecret]:
    """The unit's secrets that are neither expired nor revoked, the first to end first."""
    query = (
        select(client_secret.c.id, client_secret.c.client_id, client_secret.c.expires)
        .join(client, client.c.id == client_secret.c.client_id)
        .where(
            client.c.unit_id == unit_id,
            client_secret.c.expires > stamp(now),
            client_secret.c.revoked.is_(None),
        )
        .order_by(client_secret.c.expires)
    )
    return [LiveSecret(id, of, moment(at)) for id, of, at in connection.execute(query)]


def revoke(connection: Connection, of: Unit, secret: str, *, now: datetime, actor: str) -> None:
    """End a secret and every token that it got, at once.

    Raises :class:`~scim_server.errors.BadInput` where the unit has no such live secret.
    """
    if secret not in {each.id for each in live_secrets(connection, of.id, now)}:
        raise BadInput(f"The unit {of.name!r} has no live secret {secret!r}.")
    connection.execute(
        client_secret.update().where(client_secret.c.id == secret).values(revoked=stamp(now))
    )
    record(
        connection,
        at=now,
        action="credential.revoked",
        actor=actor,
        unit=of.name,
        facts={"secret": secret},
    )


def remove_clients(connection: Connection, of: Unit) -> None:
    """Remove the unit's clients and their secrets; tokens that these got are refused at once."""
    own = select(client.c.id).where(client.c.unit_id == of.id)
    connection.execute(delete(client_secret).where(client_secret.c.client_id.in_(own)))
    connection.execute(delete(client).where(client.c.unit_id == of.id))
