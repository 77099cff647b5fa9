"""One push of a unit at a time: a lease in the database, which ends by itself with its holder."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update

from scim_server.clock import stamp
from scim_server.errors import Refused
from scim_server.inbound.tables import inbound

LEASE = timedelta(minutes=3)
"""Longer than any request takes; whoever waits longer says so beforehand."""


class Lease:
    """Of one process. It is taken, then renewed with each step, and given back in the end."""

    def __init__(self, unit_id: int) -> None:
        self._unit_id = unit_id
        self._holder = str(uuid.uuid4())

    def take(self, connection: Connection, now: datetime) -> None:
        """Raises :class:`~scim_server.errors.Refused` while somebody else pushes the unit."""
        free = or_(inbound.c.holder.is_(None), inbound.c.held_until < stamp(now))
        if not self._hold(connection, now, timedelta(0), free):
            until = connection.scalar(
                select(inbound.c.held_until).where(inbound.c.unit_id == self._unit_id)
            )
            raise Refused(
                "Another push of this unit is running. If its process was killed, push again after "
                f"{str(until)[:19]}Z."
            )

    def renew(
        self, connection: Connection, now: datetime, longer: timedelta = timedelta(0)
    ) -> None:
        """Hold it from now on, ``longer`` than usual before a wait.

        Raises :class:`~scim_server.errors.Refused` where it ended and somebody else took it.
        """
        if not self._hold(connection, now, longer, inbound.c.holder == self._holder):
            raise Refused(
                "Another push of this unit took over, or it is pushed no longer; this one stopped."
            )

    def release(self, connection: Connection) -> None:
        mine = (inbound.c.unit_id == self._unit_id, inbound.c.holder == self._holder)
        connection.execute(update(inbound).where(*mine).values(holder=None, held_until=None))

    def _hold(self, connection: Connection, now: datetime, longer: timedelta, when: object) -> bool:
        row = (inbound.c.unit_id == self._unit_id, when)
        values = {"holder": self._holder, "held_until": stamp(now + LEASE + longer)}
        return bool(connection.execute(update(inbound).where(*row).values(values)).rowcount)  # type: ignore[arg-type]
