"""One import: read, validate, compare, guard, and only then change anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scim_server.clock import Clock
from scim_server.database import Database
from scim_server.directory.staging import Differences, Kind, Staging
from scim_server.directory.units import Unit, count_population, schools
from scim_server.errors import BadRecords, Problem
from scim_server.register import guards
from scim_server.register.feed import Feed, Reading, read_feed
from scim_server.register.plan import Changes, Difference, Happening, Plan
from scim_server.register.plan import Kind as PlanKind
from scim_server.register.rules import FeedTerms

Progress = Callable[[str, int, int], None]

_KINDS: tuple[tuple[Kind, PlanKind], ...] = (
    ("pupil", "pupils"),
    ("employee", "employees"),
    ("group", "groups"),
)
_HAPPENINGS: tuple[Happening, ...] = ("created", "changed", "deactivated", "reactivated")


@dataclass(frozen=True, slots=True)
class Choices:
    """What the operator asked for. ``actor`` is who runs it, for the audit entry."""

    actor: str
    encoding: str | None = None
    delimiter: str | None = None
    dry_run: bool = False
    skip_invalid: bool = False
    allow_deactivations: bool = False
    allow_empty: bool = False
    max_deactivated_percent: int = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was (or, in a dry run, would be) done, how the files were read, what was left out."""

    plan: Plan
    readings: tuple[Reading, ...]
    problems: tuple[Problem, ...]
    applied: bool


def import_feed(
    database: Database,
    unit: Unit,
    path: Path,
    choices: Choices,
    *,
    clock: Clock,
    progress: Progress | None = None,
) -> Outcome:
    """Import the export at ``path`` (a folder or a zip) into ``unit``, all of it or nothing.

    Raises :class:`~scim_server.errors.BadInput` for files that can't be read or records that
    break rules, :class:`~scim_server.errors.Refused` where a guard says no. In every such case,
    and in a dry run, nothing is changed.
    """
    with Staging(database, unit) as staging:
        feed = read_feed(path, terms=_terms(database, unit, choices, clock), progress=progress)
        staging.add(feed.people())
        staging.add(feed.groups())
        staging.assign(feed.assignments())
        staging.leave("User", feed.left_out_people)
        staging.leave("Group", feed.left_out_groups)
        differences = staging.compare()
        plan = _plan(differences)
        _check_conflicts(staging)
        _check_guards(database, unit, feed, plan, choices)
        if not choices.dry_run:
            staging.apply(
                clock, actor=choices.actor, facts=_facts(feed, plan), changed=differences.any
            )
        return Outcome(plan, feed.readings, feed.problems, not choices.dry_run)


def _terms(database: Database, unit: Unit, choices: Choices, clock: Clock) -> FeedTerms:
    with database.read() as connection:
        names = tuple(each.name for each in schools(connection, unit.id))
    return FeedTerms(
        domain=unit.domain,
        schools=names,
        today=clock().date(),
        allow_numeric_keys=bool(unit.settings.get("allow_numeric_keys", False)),
        encoding=choices.encoding,
        delimiter=choices.delimiter,
        skip_invalid=choices.skip_invalid,
    )


def _plan(differences: Differences) -> Plan:
    counts = differences.counts
    figures = {
        plural: Changes(
            created=counts.get((kind, "created"), 0),
            changed=counts.get((kind, "changed"), 0),
            deactivated=counts.get((kind, "deactivated"), 0),
            reactivated=counts.get((kind, "reactivated"), 0),
            unchanged=counts.get((kind, "unchanged"), 0),
        )
        for kind, plural in _KINDS
    }
    examples = tuple(
        Difference(plural, key, happening)
        for kind, plural in _KINDS
        for happening in _HAPPENINGS
        for key in differences.examples.get((kind, happening), ())
    )
    seats = Changes(
        created=differences.memberships_added,
        deactivated=differences.memberships_removed,
        unchanged=differences.memberships_unchanged,
    )
    return Plan(
        pupils=figures["pupils"],
        employees=figures["employees"],
        groups=figures["groups"],
        memberships=seats,
        examples=examples,
    )


def _check_conflicts(staging: Staging) -> None:
    problems = [
        Problem(
            "register",
            0,
            f"key {each.external_id}",
            f"its {each.attribute} is still held by the key {each.held_by}, which left",
        )
        for each in staging.conflicts()
    ]
    if problems:
        raise BadRecords(problems, remedy="Give each newcomer another one in the register.")


def _check_guards(database: Database, unit: Unit, feed: Feed, plan: Plan, choices: Choices) -> None:
    guards.check_unkeyed(plan, feed.unkeyed_rows, allow_deactivations=choices.allow_deactivations)
    with database.read() as connection:
        live = count_population(connection, unit.id)
    guards.check(
        plan,
        {"pupils": live.pupils, "employees": live.employees, "groups": live.active_groups},
        choices.max_deactivated_percent,
        allow_deactivations=choices.allow_deactivations,
        allow_empty=choices.allow_empty,
    )


def _facts(feed: Feed, plan: Plan) -> dict[str, Any]:
    """What the audit entry holds: figures alone."""
    kinds = (
        ("pupils", plan.pupils),
        ("employees", plan.employees),
        ("groups", plan.groups),
        ("memberships", plan.memberships),
    )
    facts: dict[str, Any] = {
        name: {each: getattr(changes, each) for each in _HAPPENINGS if getattr(changes, each)}
        for name, changes in kinds
    }
    return facts | {"left_out": feed.problem_count}
