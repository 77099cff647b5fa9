"""What every request of a push needs: the lease, the schools' decision, and waits that can end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from scim_server.audit.disclosures import Disclosures
from scim_server.clock import Clock
from scim_server.database import Database
from scim_server.directory.resources import Resources
from scim_server.directory.units import Unit, unit_named
from scim_server.errors import Refused
from scim_server.inbound.leases import Lease
from scim_server.inbound.transport import Transport
from scim_server.inbound.waiting import Random

CLIENT = "entra-inbound"
"""What stands for Entra where it is told who was given a record."""

_LONGEST_WAIT = 600.0
"""Asked to wait longer, a push ends and tells when to go on."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a push is given of the world; tests give others. ``sleep`` may end early, when
    ``stopped`` answers true.
    """

    clock: Clock
    transport: Transport
    sleep: Callable[[float], object]
    random: Random
    stopped: Callable[[], bool] = lambda: False


class Enough(Exception):
    """No more requests now. ``resume`` is when the push can go on."""

    def __init__(self, resume: datetime) -> None:
        super().__init__()
        self.resume = resume


class Running:
    """One push of one unit, from the taking of its lease to the giving back."""

    def __init__(self, database: Database, unit: Unit, around: Surroundings) -> None:
        self.database, self.unit, self.around = database, unit, around
        self.lease = Lease(unit.id)
        self._disclosures = Disclosures(database, around.clock, Resources(database).listed_in)

    def take(self) -> None:
        """Raises :class:`~scim_server.errors.Refused` while another push of the unit is running."""
        with self.database.write() as connection:
            self.lease.take(connection, self.around.clock())

    @contextmanager
    def stepping(self) -> Iterator[tuple[Connection, datetime]]:
        """A transaction that notes what an answer said, by the lease that is renewed."""
        with self.database.write() as connection:
            now = self.around.clock()
            self.lease.renew(connection, now)
            yield connection, now

    @contextmanager
    def offering(self) -> Iterator[tuple[Connection, datetime]]:
        """A transaction that notes what a request is about to hold.

        Raises :class:`~scim_server.errors.Refused` where the unit doesn't publish any longer.
        """
        with self.stepping() as (connection, now):
            check_consent(connection, self.unit)
            yield connection, now

    def disclose(self, seqs: Sequence[int]) -> None:
        """Before they leave: who may have been given a record is told, rather than forgotten."""
        self._disclosures.note(self.unit.id, CLIENT, seqs)
        self._disclosures.write()

    def wait(self, seconds: float) -> None:
        """Raises :class:`Enough` where that is too long, or the push was told to stop."""
        if seconds > _LONGEST_WAIT:
            raise Enough(self.around.clock() + timedelta(seconds=seconds))
        with self.database.write() as connection:
            self.lease.renew(connection, self.around.clock(), timedelta(seconds=seconds))
        self.around.sleep(seconds)
        self.stop_if_told()

    def stop_if_told(self) -> None:
        """Raises :class:`Enough` where the push was told to stop."""
        if self.around.stopped():
            raise Enough(self.around.clock())


def check_consent(connection: Connection, unit: Unit) -> None:
    """Raises :class:`~scim_server.errors.Refused` where no school of the unit publishes."""
    if not unit_named(connection, unit.name, kind="register").publishes:
        raise Refused(
            "No school of this unit publishes: nothing is sent, and nobody is told to have left. "
            f"See: scim-server consent {unit.name}"
        )
