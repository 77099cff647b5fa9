"""The push: what changed goes to Entra ID, 50 records a request, each at least once.

Before a request leaves, one transaction notes whose records it holds and counts the call; after
the answer another notes what was taken. A process that ends between the two leaves people of whom
nobody knows which record Entra has, and so they are sent again: the same content, which is
harmless. Whom a request holds is read anew right before it leaves, so that a decision that was
withdrawn meanwhile holds from the next request on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from scim_server.audit import record
from scim_server.database import Database
from scim_server.directory.units import Unit, unit_named
from scim_server.errors import NotPushed, Problem, Refused
from scim_server.inbound import people as store
from scim_server.inbound.budget import budget_of, count_call, lock_tenant, needed
from scim_server.inbound.configuration import Configuration, configuration_of
from scim_server.inbound.graph import Graph
from scim_server.inbound.groups import planning
from scim_server.inbound.groups.planning import GroupPlan
from scim_server.inbound.groups.pushing import GroupOutcome, GroupPush
from scim_server.inbound.people import Person
from scim_server.inbound.plan import Kind, Plan, guard, plan
from scim_server.inbound.records import MOST_OPERATIONS, request_body
from scim_server.inbound.running import Enough, Running, Surroundings, check_consent
from scim_server.inbound.session import TryAgain
from scim_server.inbound.waiting import TRIES, back_off

_ALL_REFUSED = 6
"""When so many records of a request were refused alone and none was taken, it isn't the records."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the operator asked for. ``actor`` is who runs it."""

    actor: str
    max_deactivated_percent: float
    allow_deactivations: bool = False
    retry_failed: bool = False
    everybody: bool = False
    repeats: str = ""
    """The refusal before this one: told again, it isn't recorded again."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Told before the first request: how many people of each kind, how many calls they take, how
    many are left of the tenant's, and when the last one can be made; and what is to be done about
    groups, where they go along.
    """

    counts: dict[Kind, int]
    calls: int
    calls_left: int
    end: datetime
    groups: GroupPlan | None = None


@dataclass(slots=True)
class Outcome:
    """What became of a push. ``resume`` is when it can go on, where it isn't done."""

    taken: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    problems: tuple[Problem, ...] = ()
    calls: int = 0
    left: int = 0
    withheld: int = 0
    resume: datetime | None = None
    groups: GroupOutcome | None = None


class Push:
    """Pushes of one unit; the token and connections are kept from one to the next."""

    def __init__(
        self, database: Database, unit: Unit, of: Configuration, around: Surroundings
    ) -> None:
        self._database, self.unit, self._of, self._around = database, unit, of, around
        self.graph = Graph(of, around.transport, around.clock)
        self._running = Running(database, unit, around)
        self._outcome = Outcome()
        self._kinds: dict[int, Kind] = {}

    def run(self, choices: Choices, announce: Callable[[Forecast], None]) -> Outcome:
        """Push what changed, as far as the tenant's calls go: people, and then groups.

        Raises :class:`~scim_server.errors.Refused` where a deletion guard says no, the unit
        doesn't publish (any more), or another push of it is running, and
        :class:`~scim_server.errors.NotPushed` where Microsoft doesn't take anything. What was
        taken before stays taken, and an audit entry tells of it.
        """
        self._outcome = outcome = Outcome()
        try:
            self._running.take()
            todo, groups = self._prepare(choices, announce)
            self._hand_over(todo.in_order)
            if groups is not None:
                self._push_groups(groups, choices)
        except Refused as refusal:
            self._finish(choices, str(refusal))
            raise
        except BaseException:
            self._finish(choices)
            raise
        self._finish(choices)
        return outcome

    def _prepare(
        self, choices: Choices, announce: Callable[[Forecast], None]
    ) -> tuple[Plan, GroupPlan | None]:
        now, groups, retry = self._around.clock(), None, choices.retry_failed
        with self._database.read() as connection:
            check_consent(connection, self.unit)
            persons = store.people(connection, self.unit.id, self._of)
            todo = plan(
                persons, self.unit.domain, longest_key=self._of.longest_key, retry_failed=retry,
                everybody=choices.everybody,
            )  # fmt: skip
            if self._of.groups != "none":
                groups = planning.plan(connection, self.unit.id, retry_failed=retry)
            budget = budget_of(connection, self.unit.id, now)
        self._outcome.problems, self._outcome.withheld = todo.problems, todo.withheld
        percent, allowed = choices.max_deactivated_percent, choices.allow_deactivations
        guard(todo, percent, allow_deactivations=allowed)
        if groups is not None:
            planning.guard(groups, percent, allow_deactivations=allowed)
        if choices.everybody:
            # From here on a push that doesn't get through today goes on with them tomorrow.
            with self._running.stepping() as (connection, _):
                store.doubt(connection, self.unit.id)
        self._kinds = {seq: kind for kind, seqs in todo.queue.items() for seq in seqs}
        self._outcome.left = todo.total
        calls = needed(todo.total, MOST_OPERATIONS)
        counts = {kind: len(seqs) for kind, seqs in todo.queue.items()}
        announce(Forecast(counts, calls, budget.left, budget.end_of(calls, now), groups))
        return todo, groups

    def _hand_over(self, seqs: Sequence[int]) -> None:
        try:
            for begin in range(0, len(seqs), MOST_OPERATIONS):
                batch = seqs[begin : begin + MOST_OPERATIONS]
                _Batch(self, batch).deliver()
                self._outcome.left -= len(batch)
                if self._around.stopped():
                    return
        except Enough as enough:
            self._outcome.resume = enough.resume

    def _push_groups(self, todo: GroupPlan, choices: Choices) -> None:
        """Whatever is left of the people: the calls of groups aren't those of the quota."""
        if self._around.stopped():
            return
        push = GroupPush(self._running, self.graph.session, self._of.groups)
        try:
            push.run(todo, retry_failed=choices.retry_failed)
        finally:
            self._outcome.groups = push.outcome

    def send(self, seqs: Sequence[int]) -> tuple[list[Person], bool]:
        """Send the records of these people in one request until there is an answer: who was in it,
        and whether it was taken. Nobody, where nobody of them is served any more.
        """
        why = ""
        for pause in back_off(self._around.random):
            try:
                self.graph.sign_in()
                persons = self._offer(seqs)
                if not persons:
                    return [], True
                taken = self.graph.upload(request_body([each.record for each in persons]))
            except TryAgain as again:
                why = str(again)
                self._running.wait(max(pause, again.seconds))
            else:
                self._note(persons, taken)
                return persons, taken
        raise NotPushed(
            f"Microsoft didn't take a request after {TRIES} tries: {why}. Nothing is lost: push "
            "again later."
        )

    def _offer(self, seqs: Sequence[int]) -> list[Person]:
        while True:
            with self._database.write() as connection:
                now = self._around.clock()
                lock_tenant(connection, self.unit.id)
                self._running.lease.renew(connection, now)
                check_consent(connection, self.unit)
                served = store.people(connection, self.unit.id, self._of, seqs)
                persons = [each for each in served if each.is_active or each.given is not None]
                budget = budget_of(connection, self.unit.id, now)
                pause = budget.pause(now)
                if persons and not budget.left:
                    raise Enough(budget.next_call(now))
                if persons and not pause:
                    count_call(connection, self.unit.id, now)
                    store.offer(connection, self.unit.id, persons, now)
            if not pause or not persons:
                break
            self._running.wait(pause)
        if persons:
            self._outcome.calls += 1
            self._running.disclose([each.seq for each in persons])
        return persons

    def _note(self, persons: Sequence[Person], taken: bool) -> None:
        """One transaction for each answer."""
        if not taken and len(persons) > 1:
            return
        with self._running.stepping() as (connection, now):
            if taken:
                store.accept(connection, self.unit.id, persons, now)
            else:
                store.refuse(connection, self.unit.id, persons[0], now)
        if taken:
            self._outcome.taken.update(self._kinds[each.seq] for each in persons)
        else:
            self._outcome.refused.append(persons[0].key)

    def _finish(self, choices: Choices, refusal: str = "") -> None:
        """Give the lease back where it is ours, and record what was done or why not."""
        outcome = self._outcome
        with self._database.write() as connection:
            self._running.lease.release(connection)
            groups = outcome.groups
            if outcome.calls or (groups is not None and groups.did_anything):
                self._record(connection, choices, "inbound.pushed", {
                    "calls": outcome.calls, **outcome.taken, "refused": len(outcome.refused),
                    "left": outcome.left, **({} if groups is None else groups.facts),
                })  # fmt: skip
            if refusal and refusal != choices.repeats:
                facts = {"sent": sum(outcome.taken.values()), "left": outcome.left}
                self._record(connection, choices, "inbound.refused", facts)

    def _record(
        self, connection: Connection, choices: Choices, action: str, facts: dict[str, int]
    ) -> None:
        record(
            connection, at=self._around.clock(), action=action, actor=choices.actor,
            unit=self.unit.name, facts=facts,
        )  # fmt: skip


class _Batch:
    """The people of one request, in halves and halves of halves where it is refused."""

    def __init__(self, push: Push, seqs: Sequence[int]) -> None:
        self._push, self._seqs = push, seqs
        self._taken = self._refused = 0

    def deliver(self) -> None:
        self._deliver(self._seqs)

    def _deliver(self, seqs: Sequence[int]) -> None:
        persons, taken = self._push.send(seqs)
        if taken:
            self._taken += len(persons)
        elif len(persons) == 1:
            self._refused += 1
        else:
            self._stop_if_hopeless()
            rest = [each.seq for each in persons]
            middle = len(rest) // 2
            self._deliver(rest[:middle])
            self._deliver(rest[middle:])
        self._stop_if_hopeless()

    def _stop_if_hopeless(self) -> None:
        if self._refused >= _ALL_REFUSED and not self._taken:
            raise NotPushed(
                f"Microsoft refuses every record (status 400), {self._refused} of them each alone. "
                "Check the job's attribute mapping in Entra, then push with --retry-failed."
            )


def push_of(database: Database, unit_name: str, around: Surroundings) -> Push:
    """The push of the unit as it is configured.

    Raises :class:`~scim_server.errors.BadInput` where it isn't.
    """
    with database.read() as connection:
        unit = unit_named(connection, unit_name, kind="register")
        return Push(database, unit, configuration_of(connection, unit), around)
