"""How a unit's push stands, and how it stands with one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from scim_server.clock import moment
from scim_server.directory.resources import person_with_key
from scim_server.directory.units import Unit
from scim_server.inbound import people as store
from scim_server.inbound.budget import budget_of, needed
from scim_server.inbound.configuration import Configuration, configuration_of
from scim_server.inbound.groups import planning
from scim_server.inbound.groups.figures import Places, places
from scim_server.inbound.groups.planning import GroupPlan
from scim_server.inbound.plan import Kind, Plan, plan
from scim_server.inbound.records import MOST_OPERATIONS
from scim_server.inbound.tables import inbound


@dataclass(frozen=True, slots=True)
class Standing:
    """``waiting`` counts what the next push would send, ``results`` people by their last result and
    Microsoft's code. ``end`` is when the last call could be made. ``groups`` is what is to be done
    about groups, where they go along.
    """

    configuration: Configuration
    plan: Plan
    results: dict[tuple[str, str | None], int]
    calls: int
    calls_left: int
    end: datetime
    log_read: datetime | None
    held_until: datetime | None
    groups: GroupPlan | None

    @property
    def waiting(self) -> dict[Kind, int]:
        return {kind: len(seqs) for kind, seqs in self.plan.queue.items()}


def standing(connection: Connection, unit: Unit, now: datetime) -> Standing:
    """Raises :class:`~scim_server.errors.BadInput` where the unit isn't pushed."""
    of = configuration_of(connection, unit)
    todo = plan(store.people(connection, unit.id, of), unit.domain, longest_key=of.longest_key)
    budget = budget_of(connection, unit.id, now)
    calls = needed(todo.total, MOST_OPERATIONS)
    row = connection.execute(
        select(inbound.c.log_read, inbound.c.held_until).where(inbound.c.unit_id == unit.id)
    ).one()
    held = None if row.held_until is None else moment(row.held_until)
    return Standing(
        configuration=of,
        plan=todo,
        results=store.results(connection, unit.id),
        calls=calls,
        calls_left=budget.left,
        end=budget.end_of(calls, now),
        log_read=None if row.log_read is None else moment(row.log_read),
        held_until=held if held is not None and held > now else None,
        groups=None if of.groups == "none" else planning.plan(connection, unit.id),
    )


@dataclass(frozen=True, slots=True)
class PersonStanding:
    """``is_served`` tells whether a publishing school holds the person; ``given`` what Entra was
    given of them; ``is_current`` whether that is what it was to be given now; ``rule`` why they
    can't be pushed; ``places`` how it stands with their groups, where groups go along.
    """

    is_served: bool
    is_active: bool
    is_current: bool
    given: store.Given | None
    rule: str | None
    places: Places | None = None

    @property
    def has_failed(self) -> bool:
        """Whether Microsoft's log tells that what was accepted came to nothing."""
        return self.given is not None and self.given.result == "failed"


def person_standing(connection: Connection, unit: Unit, key: str) -> PersonStanding:
    """Raises :class:`~scim_server.errors.BadInput` where the unit has nobody with this key."""
    of = configuration_of(connection, unit)
    seq = person_with_key(connection, unit.id, key)
    found = list(store.people(connection, unit.id, of, [seq]))
    given = store.given_of(connection, unit.id, seq)
    if not found:
        return PersonStanding(False, False, False, given, None)
    groups = None if of.groups == "none" else places(connection, unit.id, seq)
    todo = plan(found, unit.domain, longest_key=of.longest_key)
    rule = todo.problems[0].rule if todo.problems else None
    return PersonStanding(True, found[0].is_active, bool(todo.unchanged), given, rule, groups)
