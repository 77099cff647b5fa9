"""People are put into groups: up to 20 by one request, and one request for a group at a time.

A request that is refused tells nothing about each of its members. Then it is found out whether the
group is still there, and if so, they are put into it one by one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby, islice

from sqlalchemy import Connection

from scim_server.inbound.groups import accounts, members
from scim_server.inbound.groups.batches import MOST_MEMBERS, MOST_STEPS, Reply, Step
from scim_server.inbound.groups.delivering import Replies
from scim_server.inbound.groups.loss import Loss, is_young
from scim_server.inbound.groups.members import Membership
from scim_server.inbound.running import Running

_AHEAD = 1_000
"""Groups that are found out at once, outside of the transactions that write."""

_PRESENT = "already exist"
"""What Graph says, in words alone, of somebody who is a member already."""


class Adding:
    """``base`` is the address of Graph's objects. ``refused`` counts those whom Entra won't have as
    members.
    """

    def __init__(self, running: Running, base: str, loss: Loss) -> None:
        self._running, self._base, self._loss = running, base, loss
        self._ahead: deque[int] = deque()
        self._after = 0
        self._open: list[int] = []
        self._doubted: set[int] = set()
        self._singly: set[int] = set()
        self.added = self.refused = 0

    def offer(self) -> Sequence[Step]:
        unit_id = self._running.unit.id
        while self._refill():
            with self._running.offering() as (connection, _):
                found = members.lacking(connection, unit_id, self._open, MOST_MEMBERS)
                steps = list(islice(self._steps(found), MOST_STEPS))
                offered = [each for step in steps for each in step.about]
                members.offer(connection, unit_id, offered)
            lacking = {each.group_seq for each in found}
            self._open = [each for each in self._open if each in lacking]
            if steps:
                ends = {seq for each in offered for seq in (each.group_seq, each.member_seq)}
                self._running.disclose(sorted(ends))
                return steps
        return []

    def _refill(self) -> bool:
        """Keep as many groups in work as a batch has requests; whether there are any."""
        self._open = [each for each in self._open if each not in self._loss]
        while len(self._open) < MOST_STEPS and (self._ahead or self._look_ahead()):
            seq = self._ahead.popleft()
            if seq not in self._loss:
                self._open.append(seq)
        return bool(self._open)

    def _look_ahead(self) -> bool:
        unit_id = self._running.unit.id
        with self._running.database.read() as connection:
            found = members.groups_lacking(connection, unit_id, self._after, _AHEAD)
        self._ahead.extend(found)
        self._after = found[-1] if found else self._after
        return bool(found)

    def _steps(self, found: Sequence[Membership]) -> Iterator[Step]:
        for seq, grouped in groupby(found, lambda each: each.group_seq):
            those = list(grouped)
            address = f"/groups/{those[0].group_id}"
            links = [f"{self._base}/directoryObjects/{each.account}" for each in those]
            if seq in self._doubted:
                yield Step("GET", f"{address}?$select=id", those[:1])
            elif seq in self._singly:
                for each, link in zip(those, links, strict=True):
                    yield Step("POST", f"{address}/members/$ref", [each], {"@odata.id": link})
            else:
                yield Step("PATCH", address, those, {"members@odata.bind": links})

    def note(self, replies: Replies) -> None:
        with self._running.stepping() as (connection, now):
            for step, reply in replies:
                first: Membership = step.about[0]
                if step.method == "GET":
                    self._note_group(connection, first, reply, now)
                elif reply.is_taken or (step.method == "POST" and _PRESENT in reply.message):
                    members.settle(connection, self._running.unit.id, step.about, "accepted")
                    self.added += len(step.about)
                elif step.method == "PATCH":
                    known = self._singly if _PRESENT in reply.message else self._doubted
                    known.add(first.group_seq)
                else:
                    self._note_refusal(connection, first, reply, now)

    def _note_group(
        self, connection: Connection, first: Membership, reply: Reply, now: datetime
    ) -> None:
        self._doubted.discard(first.group_seq)
        if reply.is_taken:
            self._singly.add(first.group_seq)
        elif reply.status == 404:
            self._loss.note(connection, first.group_seq, first.accepted, now)
        else:
            self._loss.left.add(first.group_seq)

    def _note_refusal(
        self, connection: Connection, one: Membership, reply: Reply, now: datetime
    ) -> None:
        """Of one who wasn't put into a group that is there."""
        unit_id = self._running.unit.id
        if is_young(one.accepted, now) or reply.status not in (400, 404):
            self._loss.left.add(one.group_seq)
        elif reply.status == 404:
            accounts.forget(connection, unit_id, [one.member_seq])
            members.doubt(connection, unit_id, member=one.member_seq)
        else:
            members.settle(connection, unit_id, [one], "refused")
            self.refused += 1
