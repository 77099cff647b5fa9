"""The end of a unit: everything of it is erased, in both databases, but for the record of it.

It stands here because this room alone knows the tables of both. The tokens go first and, since a
client may have got another meanwhile, once more at the end. In between they are refused with the
unit: a token is worth what its secret, its client and its unit are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, delete, except_, func, or_, select

from scim_server.audit import record
from scim_server.audit.tables import audit_entry
from scim_server.database import Database, schema
from scim_server.database.traces import Traces
from scim_server.directory.erasing import erase
from scim_server.directory.tables import resource, school, unit
from scim_server.directory.units import Unit
from scim_server.errors import BadInput
from scim_server.oauth.tables import (
    access_token,
    client,
    credential,
    secret_use,
    sent_notice,
)

_ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def remove(database: Database, of: Unit, *, now: datetime, actor: str) -> dict[str, int]:
    """Erase the unit with all that belongs to it; returns its :func:`contents` as they were.

    Its tokens are refused from the end of the transaction on the main database on, and its name
    is free again. One audit entry stays, of figures alone. Raises
    :class:`~scim_server.errors.BadInput` where somebody else has removed it before.
    """
    with database.read() as connection:
        names = _names(connection, of)
    _erase_tokens(database, of, names)
    with database.write() as connection:
        _lock(connection, of)
        names, had = _names(connection, of), contents(connection, of)
        erase(connection, schema.main, of.id)
        record(
            connection, at=now, action="unit.removed", actor=actor, unit=of.name,
            facts={"kind": of.kind, **had},
        )  # fmt: skip
    _erase_tokens(database, of, names)
    return had


def contents(connection: Connection, of: Unit) -> dict[str, int]:
    """How many people, groups, schools and clients the unit has, served or not."""
    kind = resource.c.resource_type
    counts = {
        "people": select(func.count()).where(resource.c.unit_id == of.id, kind == "User"),
        "groups": select(func.count()).where(resource.c.unit_id == of.id, kind == "Group"),
        "schools": select(func.count()).where(school.c.unit_id == of.id),
        "clients": select(func.count()).where(client.c.unit_id == of.id),
    }
    return {name: connection.scalar(count) or 0 for name, count in counts.items()}


def gather(database: Database, of: Unit) -> Traces:
    """What to look for once the unit is gone. Call it before.

    What another unit holds too is left out: a login or a register's key tells nothing then.
    """
    tokens = select(access_token.c.digest).where(access_token.c.unit_id == of.id)
    with database.answering(), database.tokens.connect() as connection:
        digests = list(connection.scalars(tokens))
    with database.read() as connection:
        digests += connection.scalars(
            select(credential.c.digest).join(client).where(client.c.unit_id == of.id)
        )
        ids = set(connection.scalars(select(resource.c.id).where(resource.c.unit_id == of.id)))
        texts = {each.encode() for each in (*ids, *filter(None, digests), of.namespace)}
        texts |= set(map(_in_json, _own(connection, of, resource.c.user_name)))
        keys = map(_in_json, _own(connection, of, resource.c.external_id))
        texts |= {b'"externalId":"' + key + b'"' for key in keys}
        names = (*_names(connection, of), of.namespace)
        return Traces(of.id, names, frozenset(texts - _recorded(connection, of)), of.domain)


def sweep(database: Database) -> None:
    """Erase what the tokens' tables keep of units that are gone.

    A request that was under way while its unit was removed may write down its use afterwards, and
    what was given is written down seconds later. Called before a unit is added, too: SQLite may
    give it the number of one that was removed.
    """
    with database.write_tokens() as tokens, database.read() as connection:
        # Read with the lock in hand: a unit that has tokens by now is among them.
        living: Any = select(unit.c.id)
        secrets: Any = select(credential.c.id)
        if database.tokens is not database.main:
            living, secrets = (list(connection.scalars(each)) for each in (living, secrets))
        for table in schema.tokens.tables.values():
            if "unit_id" in table.c:
                tokens.execute(delete(table).where(table.c.unit_id.not_in(living)))
        tokens.execute(delete(secret_use).where(secret_use.c.secret_id.not_in(secrets)))


def _lock(connection: Connection, of: Unit) -> None:
    """Keep everybody from adding to the unit until the transaction ends."""
    found = select(unit.c.id).where(unit.c.id == of.id, unit.c.namespace == of.namespace)
    if connection.scalar(found.with_for_update()) is None:
        raise BadInput(f"There is no unit {of.name!r} any longer. See: scim-server unit list")


def _names(connection: Connection, of: Unit) -> list[str]:
    """The ids of the unit's clients and of their credentials."""
    clients = select(client.c.id).where(client.c.unit_id == of.id)
    credentials = select(credential.c.id).where(credential.c.client_id.in_(clients))
    return [*connection.scalars(clients), *connection.scalars(credentials)]


def _erase_tokens(database: Database, of: Unit, names: list[str]) -> None:
    with database.write_tokens() as connection:
        erase(connection, schema.tokens, of.id)
        connection.execute(delete(secret_use).where(secret_use.c.secret_id.in_(names)))
        told = [sent_notice.c.notice.contains(each, autoescape=True) for each in names]
        connection.execute(delete(sent_notice).where(or_(False, *told)))


def _own(connection: Connection, of: Unit, column: Any) -> Iterator[str]:
    """The values that no other unit has."""
    own = select(column).where(resource.c.unit_id == of.id, column.is_not(None))
    others = select(column).where(resource.c.unit_id != of.id, column.is_not(None))
    yield from connection.scalars(except_(own, others))


def _in_json(text: str) -> bytes:
    return orjson.dumps(text)[1:-1]


def _recorded(connection: Connection, of: Unit) -> set[bytes]:
    """Ids that the audit entries of the unit name: they stay, and tell nothing any more."""
    facts = connection.scalars(select(audit_entry.c.facts).where(audit_entry.c.unit == of.name))
    return {id for each in facts for id in _ID.findall(orjson.dumps(each))}
