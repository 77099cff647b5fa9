"""People are taken out of groups that this push put them into; never anybody else.

The address ends in ``/$ref``: without it Graph would delete the account itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from scim_server.inbound.groups import members
from scim_server.inbound.groups.batches import MOST_STEPS, Step
from scim_server.inbound.groups.delivering import Replies
from scim_server.inbound.groups.loss import is_young
from scim_server.inbound.groups.members import Ends, Membership
from scim_server.inbound.running import Running

_AHEAD = 1_000
"""Memberships that are found out at once, outside of the transactions that write."""


class Removing:
    """``refused`` counts those whom Entra won't take out."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._ahead: deque[Ends] = deque()
        self._after: Ends = (0, 0)
        self._open: list[Ends] = []
        self.removed = self.refused = 0

    def offer(self) -> Sequence[Step]:
        unit_id = self._running.unit.id
        while self._refill():
            with self._running.offering() as (connection, _):
                ended = members.ended(connection, unit_id, self._open)
                members.offer(connection, unit_id, ended)
            self._open = [each.ends for each in ended]
            if ended:
                return [_step(each) for each in ended]
        return []

    def _refill(self) -> bool:
        """Keep as many in work as a batch has requests; whether there are any."""
        while len(self._open) < MOST_STEPS and (self._ahead or self._look_ahead()):
            self._open.append(self._ahead.popleft())
        return bool(self._open)

    def _look_ahead(self) -> bool:
        with self._running.database.read() as connection:
            found = members.endings(connection, self._running.unit.id, self._after, _AHEAD)
        self._ahead.extend(found)
        self._after = found[-1] if found else self._after
        return bool(found)

    def note(self, replies: Replies) -> None:
        gone: list[Membership] = []
        with self._running.stepping() as (connection, now):
            for step, reply in replies:
                one: Membership = step.about
                if reply.is_taken or (reply.status == 404 and not is_young(one.accepted, now)):
                    gone.append(one)
                elif reply.status != 404:
                    self.refused += 1
            members.drop(connection, self._running.unit.id, gone)
        self.removed += len(gone)
        done = {step.about.ends for step, _ in replies}
        self._open = [each for each in self._open if each not in done]


def _step(one: Membership) -> Step:
    return Step("DELETE", f"/groups/{one.group_id}/members/{one.account}/$ref", one)
