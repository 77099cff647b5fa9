"""The clients of a unit: who may ask for its tokens, each with scopes and secrets of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from scim_server.audit import record
from scim_server.clock import stamp
from scim_server.directory.units import NAME, Unit
from scim_server.errors import BadInput, Refused
from scim_server.oauth.secrets import new_secret
from scim_server.oauth.tables import client, credential

READ = "scim.read"
WRITE = "scim.write"
SCOPES = {"register": (READ,), "sandbox": (READ, WRITE)}
"""What a client may be given, by the kind of its unit."""

ROSTER_SCOPES = tuple(
    f"https://purl.imsglobal.org/spec/or/{version}/scope/{name}.readonly"
    for version in ("v1p1", "v1p2")
    for name in ("roster-core", "roster")
)
"""OneRoster's names for reading a register unit: each means :data:`READ`."""

FIRST = "main"
"""The name of the client that a unit's first credentials are for."""


@dataclass(frozen=True, slots=True)
class Client:
    """``id`` is the Client Id; ``name`` is what the administrator calls it within the unit."""

    id: str
    name: str
    scopes: tuple[str, ...]
    disabled: bool


def add(
    connection: Connection,
    of: Unit,
    name: str,
    *,
    scopes: Iterable[str] = (),
    now: datetime,
    actor: str,
) -> Client:
    """Register a client; without ``scopes`` it may have all that the unit's kind allows.

    Raises :class:`~scim_server.errors.BadInput` for a name in use or of another shape than 1–40
    lower-case letters, digits and inner hyphens, and for a scope that the unit doesn't know.
    """
    known = SCOPES[of.kind]
    wanted = tuple(dict.fromkeys(scopes)) or known
    if not NAME.fullmatch(name):
        raise BadInput(f"A client's name is 1 to 40 of a-z, 0-9 and inner hyphens, not {name!r}.")
    if any(each.name == name for each in clients_of(connection, of)):
        raise BadInput(f"The unit {of.name!r} has a client {name!r} already.")
    if unknown := set(wanted) - set(known):
        raise BadInput(
            f"A client of a {of.kind} unit can't have {', '.join(sorted(unknown))}. "
            f"Possible: {', '.join(known)}."
        )
    made = Client(f"{of.name}-{new_secret().id.lower()}", name, wanted, disabled=False)
    connection.execute(
        insert(client).values(
            id=made.id, unit_id=of.id, name=name, scope=" ".join(wanted), disabled=False,
            created=stamp(now),
        )
    )  # fmt: skip
    _record(connection, of, made, "added", now, actor)
    return made


def clients_of(connection: Connection, of: Unit) -> list[Client]:
    """The unit's clients by name."""
    query = select(client.c.id, client.c.name, client.c.scope, client.c.disabled)
    rows = connection.execute(query.where(client.c.unit_id == of.id).order_by(client.c.name))
    return [Client(id, name, tuple(scope.split()), off) for id, name, scope, off in rows]


def credentials_of(connection: Connection, of: Unit) -> dict[str, list[str]]:
    """The ids of all that each client of the unit ever signed in with, by client."""
    query = select(client.c.id, credential.c.id).join(
        credential, credential.c.client_id == client.c.id, isouter=True
    )
    found: dict[str, list[str]] = {}
    for client_id, credential_id in connection.execute(query.where(client.c.unit_id == of.id)):
        found.setdefault(client_id, []).extend([credential_id] if credential_id else [])
    return found


def client_named(connection: Connection, of: Unit, name: str | None) -> Client:
    """The client; without a name the unit's only one.

    Raises :class:`~scim_server.errors.BadInput` where there is none of that name, or several to
    choose from, and :class:`~scim_server.errors.Refused` where there is none at all.
    """
    known = clients_of(connection, of)
    if not known:
        raise Refused(
            f"The unit {of.name!r} has no client yet. Run: scim-server credentials issue {of.name}"
        )
    found = [each for each in known if name in (None, each.name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(each.name for each in known)
    if found:
        raise BadInput(f"The unit {of.name!r} has several clients. Name one: {names}.")
    raise BadInput(f"The unit {of.name!r} has no such client. It has: {names}.")


def set_disabled(
    connection: Connection, of: Unit, name: str, disabled: bool, *, now: datetime, actor: str
) -> Client:
    """Refuse a client and all its tokens from the next request on, or admit it again."""
    found = client_named(connection, of, name)
    connection.execute(update(client).where(client.c.id == found.id).values(disabled=disabled))
    _record(connection, of, found, "disabled" if disabled else "enabled", now, actor)
    return found


def remove(connection: Connection, of: Unit, name: str, *, now: datetime, actor: str) -> Client:
    """Remove a client and its secrets; tokens that these got are refused at once."""
    found = client_named(connection, of, name)
    connection.execute(delete(credential).where(credential.c.client_id == found.id))
    connection.execute(delete(client).where(client.c.id == found.id))
    _record(connection, of, found, "removed", now, actor)
    return found


def _record(
    connection: Connection, of: Unit, about: Client, what: str, now: datetime, actor: str
) -> None:
    facts = {"client": about.id, "name": about.name, "scopes": list(about.scopes)}
    record(connection, at=now, action=f"client.{what}", actor=actor, unit=of.name, facts=facts)
