"""Trusts: whose signed assertions stand for a client, instead of a secret of its own.

A trust holds no secret and doesn't expire. It ends when it is removed, and every token that it got
ends with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from scim_server.audit import record
from scim_server.clock import moment, stamp
from scim_server.directory.units import Unit
from scim_server.errors import BadInput, Refused
from scim_server.oauth.clients import client_named
from scim_server.oauth.issuers import is_fetchable
from scim_server.oauth.secrets import new_secret
from scim_server.oauth.tables import client, credential

KIND = "assertion"
"""What tells a trust from other credentials in their table."""

_NEVER = "9999-12-31T23:59:59.999999Z"
_MOST = 8
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Terms:
    """Whose assertions are taken: ``issuer`` about ``subject``, for ``audience``.

    Without an audience it is the unit itself. ``keys`` has one member: ``jwks``, a key set that
    was registered; ``jwks_url``, the address of one; or ``discover``, where the issuer's own
    metadata tell.
    """

    issuer: str
    subject: str
    audience: str | None
    keys: Mapping[str, Any]

    @property
    def is_federated(self) -> bool:
        """Whether an issuer of its own speaks for the client (rather than the client itself)."""
        return "discover" in self.keys

    @classmethod
    def stored(cls, terms: str | Mapping[str, Any]) -> Terms:
        """From the database: SQLite keeps them as text."""
        read = json.loads(terms) if isinstance(terms, str) else dict(terms)
        issuer, subject, audience = (read.pop(name) for name in ("issuer", "subject", "audience"))
        return cls(issuer, subject, audience, read)

    def to_store(self) -> dict[str, Any]:
        names = {"issuer": self.issuer, "subject": self.subject, "audience": self.audience}
        return {**names, **self.keys}


@dataclass(frozen=True, slots=True)
class Trust:
    """A trust as it may be shown."""

    id: str
    client_id: str
    terms: Terms
    created: datetime


def add_keys(
    connection: Connection, of: Unit, name: str, keys: Mapping[str, Any], *, now: datetime,
    actor: str,
) -> Trust:  # fmt: skip
    """Let the client ``name`` sign for itself with a key set that
    :func:`~scim_server.oauth.jwks.read_key_set` let in (RFC 7523 §3).
    """
    id = client_named(connection, of, name).id
    return _add(connection, of, id, Terms(id, id, None, {"jwks": keys}), now, actor)


def add_address(
    connection: Connection, of: Unit, name: str, address: str, *, now: datetime, actor: str
) -> Trust:
    """Let the client ``name`` sign for itself with the keys that are published at ``address``.

    Raises :class:`~scim_server.errors.BadInput` for an address that keys can't be fetched from
    safely.
    """
    _check_address(address)
    id = client_named(connection, of, name).id
    return _add(connection, of, id, Terms(id, id, None, {"jwks_url": address}), now, actor)


def add_issuer(
    connection: Connection,
    of: Unit,
    name: str,
    *,
    issuer: str,
    subject: str,
    audience: str,
    now: datetime,
    actor: str,
) -> Trust:
    """Let ``issuer`` speak for the client ``name``, in assertions about ``subject`` and for
    ``audience``.

    Raises :class:`~scim_server.errors.BadInput` for an issuer that is no address, an audience
    that is a scope, and where a client of the unit is known by the same three.
    """
    _check_address(issuer)
    for what, value in (("subject", subject), ("audience", audience)):
        if not 0 < len(value) <= _LONGEST_NAME or not value.isprintable() or " " in value:
            raise BadInput(f"The {what} is 1 to {_LONGEST_NAME} characters without spaces.")
    if audience.endswith("/.default"):
        raise BadInput(
            "An audience that ends in /.default is a scope, which no assertion has. Leave that "
            "end out; see what else the audience may be in the page about federation."
        )
    terms = Terms(issuer, subject, audience, {"discover": True})
    if any(each.terms == terms for each in trusts_of(connection, of)):
        raise BadInput(
            f"The unit {of.name!r} trusts this issuer, subject and audience already. "
            f"See: scim-server client trusts {of.name}"
        )
    return _add(connection, of, client_named(connection, of, name).id, terms, now, actor)


def trusts_of(connection: Connection, of: Unit) -> list[Trust]:
    """The unit's trusts, the oldest first."""
    query = (
        select(credential.c.id, client.c.id, credential.c.terms, credential.c.created)
        .join(client, client.c.id == credential.c.client_id)
        .where(client.c.unit_id == of.id, credential.c.kind == KIND)
        .order_by(credential.c.created, credential.c.id)
    )
    return [
        Trust(id, client_id, Terms.stored(terms), moment(created))
        for id, client_id, terms, created in connection.execute(query)
    ]


def remove(connection: Connection, of: Unit, trust: str, *, now: datetime, actor: str) -> Trust:
    """End a trust and every token that it got, at once.

    Raises :class:`~scim_server.errors.BadInput` where the unit has no such trust.
    """
    found = {each.id: each for each in trusts_of(connection, of)}.get(trust)
    if found is None:
        raise BadInput(
            f"The unit {of.name!r} has no trust {trust!r}. See: scim-server client trusts {of.name}"
        )
    connection.execute(delete(credential).where(credential.c.id == found.id))
    _record(connection, of, found, "removed", now, actor)
    return found


def _check_address(address: str) -> None:
    if len(address) > _LONGEST_NAME or not is_fetchable(address):
        raise BadInput(
            "Keys are fetched from an address that begins with https://, without a login or "
            "fragment; plain http is only for this machine itself."
        )


def _add(
    connection: Connection, of: Unit, client_id: str, terms: Terms, now: datetime, actor: str
) -> Trust:
    if sum(each.client_id == client_id for each in trusts_of(connection, of)) >= _MOST:
        raise Refused(
            f"The client {client_id} has {_MOST} trusts already. Remove one that is no longer "
            f"used: scim-server client trusts {of.name}"
        )
    made = Trust(new_secret().id, client_id, terms, now)
    connection.execute(
        insert(credential).values(
            id=made.id, client_id=client_id, kind=KIND, terms=terms.to_store(),
            created=stamp(now), expires=_NEVER,
        )
    )  # fmt: skip
    _record(connection, of, made, "added", now, actor)
    return made


def _record(
    connection: Connection, of: Unit, about: Trust, what: str, now: datetime, actor: str
) -> None:
    facts = {
        "client": about.client_id, "trust": about.id, "issuer": about.terms.issuer,
        "subject": about.terms.subject, "keys": next(iter(about.terms.keys)),
    }  # fmt: skip
    record(connection, at=now, action=f"trust.{what}", actor=actor, unit=of.name, facts=facts)
