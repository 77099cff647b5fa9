"""How many calls a tenant still has: counted in the database, so that a restart forgets none.

Microsoft counts by the tenant, so the calls of every unit of a tenant count together; and by the
last 24 hours, not by the day.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from scim_server.inbound.tables import inbound, inbound_call

DAY = timedelta(hours=24)
_SHORT_SECONDS, _SHORT_CALLS = 5, 40
_DAY_SECONDS = int(DAY.total_seconds())


@dataclass(frozen=True, slots=True)
class Budget:
    """The calls of the last 24 hours by the second, the oldest first, against the quota."""

    calls_a_day: int
    used: tuple[tuple[int, int], ...]

    @property
    def left(self) -> int:
        return max(0, self.calls_a_day - sum(calls for _, calls in self.used))

    def pause(self, now: datetime) -> float:
        """The seconds until a call is within 40 in 5 seconds; 0: now."""
        # A second is counted whole, whenever in it the calls were made.
        recent = [each for each in self.used if each[0] >= int(now.timestamp()) - _SHORT_SECONDS]
        if sum(calls for _, calls in recent) < _SHORT_CALLS:
            return 0.0
        return max(0.1, recent[0][0] + _SHORT_SECONDS + 1 - now.timestamp())

    def next_call(self, now: datetime) -> datetime:
        """When the quota lets another call pass."""
        return self.end_of(1, now)

    def end_of(self, calls: int, now: datetime) -> datetime:
        """When the last of so many calls can be made, if each is made as soon as it may be."""
        window, at = deque(self.used), now
        free = self.calls_a_day - sum(count for _, count in window)
        while calls > max(0, free):
            if free > 0:
                calls -= free
                window.append((int(at.timestamp()), free))
                free = 0
            then, count = window.popleft()
            free += count
            at = max(at, datetime.fromtimestamp(then + 1, now.tzinfo) + DAY)
        return at


def budget_of(connection: Connection, unit_id: int, now: datetime) -> Budget:
    """The budget of the tenant that the unit is pushed to."""
    tenant = select(func.lower(inbound.c.tenant)).where(inbound.c.unit_id == unit_id)
    together = select(inbound.c.unit_id).where(
        func.lower(inbound.c.tenant) == tenant.scalar_subquery()
    )
    begin = int(now.timestamp()) - _DAY_SECONDS
    rows = connection.execute(
        select(inbound_call.c.at, func.sum(inbound_call.c.calls))
        .where(inbound_call.c.unit_id.in_(together), inbound_call.c.at >= begin)
        .group_by(inbound_call.c.at)
        .order_by(inbound_call.c.at)
    )
    quota = connection.scalar(select(inbound.c.calls_a_day).where(inbound.c.unit_id == unit_id))
    return Budget(quota or 0, tuple((at, int(calls)) for at, calls in rows))


def lock_tenant(connection: Connection, unit_id: int) -> None:
    """Let no other unit of the tenant count a call until the transaction ends."""
    tenant = select(func.lower(inbound.c.tenant)).where(inbound.c.unit_id == unit_id)
    together = select(inbound.c.unit_id).where(
        func.lower(inbound.c.tenant) == tenant.scalar_subquery()
    )
    connection.execute(together.order_by(inbound.c.unit_id).with_for_update()).all()


def count_call(connection: Connection, unit_id: int, now: datetime) -> None:
    """Count one call, and forget those that no longer matter."""
    at = int(now.timestamp())
    here = (inbound_call.c.unit_id == unit_id, inbound_call.c.at == at)
    one_more = update(inbound_call).where(*here).values(calls=inbound_call.c.calls + 1)
    if not connection.execute(one_more).rowcount:
        connection.execute(insert(inbound_call).values(unit_id=unit_id, at=at, calls=1))
    old = inbound_call.c.at < at - _DAY_SECONDS
    connection.execute(delete(inbound_call).where(inbound_call.c.unit_id == unit_id, old))


def needed(records: int, a_request: int) -> int:
    """How many calls so many records take."""
    return -(-records // a_request)
