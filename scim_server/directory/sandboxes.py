"""Sandboxes: their options, and beginning again."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from unicodedata import normalize

from sqlalchemy import Connection, select, update

from scim_server.audit import record
from scim_server.directory.erasing import erase_resources
from scim_server.directory.serving import count_served
from scim_server.directory.tables import resource, unit
from scim_server.directory.units import Unit, next_change, unit_named
from scim_server.errors import BadInput


def set_options(
    connection: Connection, name: str, options: dict[str, Any], *, now: datetime, actor: str
) -> Unit:
    """Change some of a sandbox's options (see :mod:`.policies`); the others stay.

    ``me`` is given as a userName, or empty for nobody. Raises
    :class:`~scim_server.errors.BadInput` where the sandbox has no such user.
    """
    of = unit_named(connection, name, kind="sandbox")
    if options.get("me"):
        options = {**options, "me": _user_named(connection, of, options["me"])}
    settings = {**of.settings, **options}
    connection.execute(update(unit).where(unit.c.id == of.id).values(settings=settings))
    record(
        connection, at=now, action="sandbox.options", actor=actor, unit=name, facts=settings
    )  # fmt: skip
    return unit_named(connection, name)


def _user_named(connection: Connection, of: Unit, user_name: str) -> str:
    key = normalize("NFC", normalize("NFC", user_name).lower())
    query = select(resource.c.id).where(resource.c.unit_id == of.id, resource.c.user_name == key)
    found: str | None = connection.scalar(query)
    if found is None:
        raise BadInput(f"The sandbox {of.name!r} has no user with this userName.")
    return found


def reset(connection: Connection, name: str, *, now: datetime, actor: str) -> int:
    """Remove every user and group of a sandbox; its credentials and options stay.

    Returns how many there were.
    """
    of = unit_named(connection, name, kind="sandbox")
    next_change(connection, of.id, now)
    removed = erase_resources(connection, of.id)
    count_served(connection, of.id, of.kind)
    record(
        connection, at=now, action="sandbox.reset", actor=actor, unit=name,
        facts={"resources": removed},
    )  # fmt: skip
    return removed
