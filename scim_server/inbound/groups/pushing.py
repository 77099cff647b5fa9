"""The groups' part of a push: accounts are found, groups made and named, members changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scim_server.inbound.groups import made
from scim_server.inbound.groups.adding import Adding
from scim_server.inbound.groups.batches import Batches
from scim_server.inbound.groups.delivering import Stage, deliver
from scim_server.inbound.groups.figures import Figures, figures
from scim_server.inbound.groups.looking import Looking
from scim_server.inbound.groups.loss import Loss
from scim_server.inbound.groups.making import Making
from scim_server.inbound.groups.planning import GroupPlan
from scim_server.inbound.groups.records import Kind
from scim_server.inbound.groups.removing import Removing
from scim_server.inbound.running import Enough, Running
from scim_server.inbound.session import Session


@dataclass(slots=True)
class GroupOutcome:
    """What became of groups and memberships, in figures; ``refused``, ``gone`` and ``ambiguous``
    are keys of groups that Entra won't have, of groups that somebody deleted there, and of people
    whose key more than one account has. ``left`` are the memberships that are still to be given,
    of which ``unknown`` wait for an account. ``news`` counts what was found to be deleted or
    refused by this push alone. ``resume`` is when it can go on, where it isn't done.
    """

    created: int = 0
    renamed: int = 0
    added: int = 0
    removed: int = 0
    left: int = 0
    unknown: int = 0
    refused_members: int = 0
    refused: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    news: int = 0
    resume: datetime | None = None

    @property
    def facts(self) -> dict[str, int]:
        """What the record keeps of it."""
        return {
            "groups_created": self.created, "groups_renamed": self.renamed,
            "members_added": self.added, "members_removed": self.removed,
        }  # fmt: skip

    @property
    def did_anything(self) -> bool:
        return bool(self.news) or any(self.facts.values())


class GroupPush:
    """Of one unit, within its push."""

    def __init__(self, running: Running, session: Session, kind: Kind) -> None:
        self._running, self._kind = running, kind
        self._batches = Batches(session)
        self._loss = Loss(running.unit.id)
        self.outcome = GroupOutcome()

    def run(self, plan: GroupPlan, *, retry_failed: bool) -> None:
        """Do what is to be done, as far as Graph takes it.

        Whom the register takes out of a group is taken out first, as it is with people. Raises
        :class:`~scim_server.errors.Refused` and :class:`~scim_server.errors.NotPushed` as the
        push; ``outcome`` tells what was done before.
        """
        if retry_failed:
            with self._running.offering() as (connection, _):
                made.forgive(connection, self._running.unit.id)
        looking, removing = Looking(self._running), Removing(self._running)
        making = Making(self._running, self._kind, (*plan.create, *plan.rename), self._loss)
        adding = Adding(self._running, self._batches.base, self._loss)
        stages: tuple[Stage, ...] = (removing, making, looking, adding)
        try:
            for each in stages:
                deliver(each, self._batches, self._running)
        except Enough as enough:
            self.outcome.resume = enough.resume
        finally:
            self._sum_up(plan, removing, making, looking, adding)

    def _sum_up(
        self, plan: GroupPlan, removing: Removing, making: Making, looking: Looking, adding: Adding
    ) -> None:
        left, lost = self._left()
        self.outcome = GroupOutcome(
            created=making.created,
            renamed=making.renamed,
            added=adding.added,
            removed=removing.removed,
            left=left.adding,
            unknown=left.unknown,
            refused_members=adding.refused + removing.refused,
            refused=(*plan.refused, *making.refused),
            gone=(*plan.gone, *lost),
            ambiguous=tuple(sorted(looking.ambiguous)),
            news=len(lost) + len(making.refused) + adding.refused,
            resume=self.outcome.resume,
        )

    def _left(self) -> tuple[Figures, list[str]]:
        unit_id = self._running.unit.id
        with self._running.database.read() as connection:
            lost = made.groups(connection, unit_id, self._loss.lost)
            return figures(connection, unit_id), [each.key for each in lost]
