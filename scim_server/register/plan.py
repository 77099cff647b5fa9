"""What an import would do: the figures, and how they are told to a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Literal

Kind = Literal["pupils", "employees", "groups", "memberships"]
Happening = Literal["created", "changed", "deactivated", "reactivated"]


@dataclass(frozen=True, slots=True)
class Changes:
    """How many of one kind the import would create, change and so on.

    A membership is only created, deactivated (the person leaves the group) or unchanged.
    """

    created: int = 0
    changed: int = 0
    deactivated: int = 0
    reactivated: int = 0
    unchanged: int = 0

    @property
    def in_files(self) -> int:
        """How many of the kind the files hold."""
        return self.created + self.changed + self.reactivated + self.unchanged


@dataclass(frozen=True, slots=True)
class Difference:
    """One example: what happens to the record with ``key``, and which attributes change."""

    kind: Kind
    key: str
    happening: Happening
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The difference between the directory and an export. ``examples`` are the first ones."""

    pupils: Changes = field(default_factory=Changes)
    employees: Changes = field(default_factory=Changes)
    groups: Changes = field(default_factory=Changes)
    memberships: Changes = field(default_factory=Changes)
    examples: tuple[Difference, ...] = ()


def render(plan: Plan) -> list[str]:
    """``plan`` as lines of plain English: a line for each kind, then the examples.

    Records are named by kind and key, attributes by name; no value is told.
    """
    return [*_figures(plan), *_examples(plan)]


def _figures(plan: Plan) -> Iterator[str]:
    for kind, changes in (
        ("Pupils", plan.pupils),
        ("Employees", plan.employees),
        ("Groups", plan.groups),
    ):
        figures = (f"{getattr(changes, f.name):,} {f.name}" for f in fields(changes))
        yield f"{kind}: {', '.join(figures)}"
    seats = plan.memberships
    yield (
        f"Memberships: {seats.created:,} added, {seats.deactivated:,} removed, "
        f"{seats.unchanged:,} unchanged"
    )


def _examples(plan: Plan) -> Iterator[str]:
    if plan.examples:
        yield "For example:"
    for example in plan.examples:
        what = f" ({', '.join(example.attributes)})" if example.attributes else ""
        yield f"  {example.kind} {example.key}: {example.happening}{what}"
