"""People are taken out of groups that this push put them into; never anybody else.

The address ends in ``/$ref``: without it Graph would delete the account itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from scim_server.inbound.groups import members
from scim_server.inbound.groups.batches import MOST_STEPS, Step
from scim_server.inbound.groups.delivering import Replies
from scim_server.inbound.groups.members import Membership
from scim_server.inbound.running import Running

_Ends = tuple[int, int]


class Removing:
    """``refused`` counts those whom Entra won't take out."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._after: _Ends = (0, 0)
        self._offered: list[_Ends] = []
        self._answered: set[_Ends] = set()
        self.removed = self.refused = 0

    def offer(self) -> Sequence[Step]:
        unit_id = self._running.unit.id
        with self._running.offering() as (connection, _):
            found = members.ended(connection, unit_id, self._after, MOST_STEPS)
            ended = [each for each in found if _ends(each) not in self._answered]
            members.offer(connection, unit_id, ended)
        self._offered = [_ends(each) for each in ended]
        return [
            Step("DELETE", f"/groups/{each.group_id}/members/{each.account}/$ref", each)
            for each in ended
        ]

    def note(self, replies: Replies) -> None:
        gone = [step.about for step, reply in replies if reply.is_taken or reply.status == 404]
        with self._running.stepping() as (connection, _):
            members.drop(connection, self._running.unit.id, gone)
        self.removed += len(gone)
        self.refused += len(replies) - len(gone)
        self._answered |= {_ends(step.about) for step, _ in replies}
        waiting = [each for each in self._offered if each not in self._answered]
        if waiting:
            self._after = (waiting[0][0], waiting[0][1] - 1)
        else:
            self._after = self._offered[-1]
            self._answered.clear()


def _ends(one: Membership) -> _Ends:
    return one.group_seq, one.member_seq
