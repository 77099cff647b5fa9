"""Which settings a server was started with, recorded when they change."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from scim_server.audit.record import record
from scim_server.audit.tables import audit_entry
from scim_server.keys import Key
from scim_server.settings import Settings, describe

_ACTION = "settings.changed"


def record_settings(
    connection: Connection, settings: Settings, *, at: datetime, actor: str
) -> None:
    """Record the settings that aren't at their defaults, unless the last entry tells the same.

    Numbers and switches are told; of a text, which may be an address or a password, the first
    digits of a keyed hash alone, which show that it changed.
    """
    key = connection.get_execution_options()["audit_keys"][0]
    facts = {row.name: _told(row.value, key) for row in describe(settings) if not row.is_default}
    facts |= {"key": key.id}  # the keys themselves are masked, and look alike
    query = select(audit_entry.c.facts).where(audit_entry.c.action == _ACTION)
    last = connection.scalar(query.order_by(audit_entry.c.number.desc()).limit(1))
    if facts != last:
        record(connection, at=at, action=_ACTION, actor=actor, unit=None, facts=facts)


def _told(value: str, key: Key) -> Any:
    if value.isascii() and value.isdigit():
        return int(value)
    if value in ("on", "off"):
        return value
    return f"text {hmac.digest(key.secret, value.encode(), hashlib.sha256).hex()[:8]}"
