"""Groups are made, and named anew where the register names them anew; never closed or deleted.

A group is made by its ``uniqueName``: where Entra has one already, it is ours, from before a
backup was restored, and is taken up again.
"""

from __future__ import annotations

from collections.abc import Sequence

from scim_server.inbound.application import is_id
from scim_server.inbound.groups import made
from scim_server.inbound.groups.batches import MOST_STEPS, Step
from scim_server.inbound.groups.delivering import Replies
from scim_server.inbound.groups.loss import Loss
from scim_server.inbound.groups.made import Group
from scim_server.inbound.groups.records import Kind, creation, unique_name
from scim_server.inbound.running import Running

_IF_MISSING = {"Prefer": "create-if-missing"}


class Making:
    """``queue`` names groups by ``seq``. ``refused`` are the keys of those that Entra won't have
    as they are.
    """

    def __init__(self, running: Running, kind: Kind, queue: Sequence[int], loss: Loss) -> None:
        self._running, self._kind, self._loss = running, kind, loss
        self._queue = list(queue)
        self._unidentified: set[int] = set()
        self.created = self.renamed = 0
        self.refused: list[str] = []

    def offer(self) -> Sequence[Step]:
        steps: list[Step] = []
        while self._queue and not steps:
            among = self._queue[:MOST_STEPS]
            with self._running.offering() as (connection, now):
                unit_id = self._running.unit.id
                found = [each for each in made.groups(connection, unit_id, among) if each.is_open]
                steps = [step for each in found if (step := self._step(each)) is not None]
                groups = [each.about for each in steps]
                made.offer(connection, unit_id, groups, self._kind, now)
            self._forget(set(among) - {each.seq for each in groups})
        if steps:
            self._running.disclose([each.about.seq for each in steps])
        return steps

    def _step(self, group: Group) -> Step | None:
        address = f"/groups(uniqueName='{unique_name(group.scim_id)}')"
        if group.seq in self._unidentified:
            return Step("GET", f"{address}?$select=id", group)
        if group.group_id is None:
            body = creation(self._kind, group.scim_id, group.name)
            return Step("PATCH", address, group, body, _IF_MISSING)
        if group.is_as_named:
            return None
        return Step("PATCH", f"/groups/{group.group_id}", group, {"displayName": group.name})

    def _forget(self, those: set[int]) -> None:
        """Nothing is to be done about them any longer."""
        self._queue = [each for each in self._queue if each not in those]

    def note(self, replies: Replies) -> None:
        done: set[int] = set()
        with self._running.stepping() as (connection, now):
            for step, reply in replies:
                group: Group = step.about
                group_id = group.group_id or reply.told.get("id")
                if reply.is_taken and isinstance(group_id, str) and is_id(group_id):
                    made.accept(connection, self._running.unit.id, group, group_id, now)
                    self.created += group.group_id is None
                    self.renamed += group.group_id is not None
                elif reply.is_taken and group.seq not in self._unidentified:
                    self._unidentified.add(group.seq)
                    continue
                elif reply.status == 404 and group.group_id is not None:
                    accepted = None if group.made is None else group.made.accepted
                    self._loss.note(connection, group.seq, accepted, now)
                elif reply.status != 404:
                    made.refuse(connection, self._running.unit.id, group)
                    self.refused.append(group.key)
                done.add(group.seq)
        self._forget(done)
