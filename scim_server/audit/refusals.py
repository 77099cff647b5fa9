"""Who was refused, and why: counted in memory, and recorded as one entry a minute.

An entry for every refusal would let anyone who can reach the server fill the record.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import NamedTuple

from scim_server.audit.record import record
from scim_server.clock import Clock
from scim_server.database import Database


class Refused(NamedTuple):
    """``unit`` and ``client_id`` are none where it isn't known whose the credentials are."""

    unit: str | None
    client_id: str | None
    reason: str


class Refusals:
    """Counts the refusals of one process. One that is killed loses those of the last minute."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._counted: Counter[Refused] = Counter()
        self._lock = threading.Lock()

    def note(self, unit: str | None, client_id: str | None, reason: str) -> None:
        """Count one. ``reason`` is one of a few words of ours, never what a client sent."""
        with self._lock:
            self._counted[Refused(unit, client_id, reason)] += 1

    def write(self) -> None:
        """Record an entry for each client that was refused; where that fails, nothing is lost."""
        with self._lock:
            counted, self._counted = self._counted, Counter()
        if not counted:
            return
        try:
            with self._database.write() as connection:
                for unit, client in dict.fromkeys((each[0], each[1]) for each in counted):
                    reasons = {
                        each.reason: count
                        for each, count in sorted(counted.items(), key=str)
                        if (each.unit, each.client_id) == (unit, client)
                    }
                    record(
                        connection,
                        at=self._clock(),
                        action="token.refused",
                        actor="server",
                        unit=unit,
                        facts={"client": client, "reasons": reasons},
                    )
        except BaseException:
            with self._lock:
                self._counted.update(counted)
            raise
