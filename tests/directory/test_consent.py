"""A director's decision: what it will move is known before, and every one is kept."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from scim_server.audit import entries
from scim_server.audit.tables import audit_entry
from scim_server.directory.consent import Withdrawal, foresee_withdrawal, history
from scim_server.directory.tables import resource, unit
from scim_server.errors import BadInput
from tests.isolation.neighbour import neighbour_of
from tests.school import World


def foresee(world: World, school: str) -> Withdrawal:
    with world.database.read() as connection:
        return foresee_withdrawal(connection, world.unit, school)


def moved(world: World) -> int:
    """How many resources the newest decision moved."""
    with world.database.read() as connection:
        made = entries(connection, unit=world.unit.name, action="consent.decided")
    return int(made[-1]["facts"]["resources"])


def served(world: World) -> tuple[int, int]:
    return tuple(world.list(each, count=0)["totalResults"] for each in ("/Users", "/Groups"))


def test_what_is_foreseen_is_what_the_decision_moves(world: World) -> None:
    """Red when ``foresee_withdrawal`` counts people of two schools as lost, people who aren't
    served, or another unit's.
    """
    neighbour_of(world)
    people, groups = served(world)
    first = foresee(world, "SP 12")
    assert (first.people, first.groups, first.shared, first.is_last) == (3, 2, 1, False)
    world.decide("SP 12", False)
    assert moved(world) == first.resources
    assert served(world) == (people - first.people, groups - first.groups)

    again = foresee(world, "SP 12")
    assert (again.resources, again.school.synchronised) == (0, False)
    world.decide("SP 12", False)
    assert moved(world) == again.resources

    last = foresee(world, "LO 3")
    assert (last.people, last.groups, last.shared, last.is_last) == (4, 1, 0, True)
    world.decide("LO 3", False)
    assert moved(world) == last.resources


def test_foreseeing_changes_nothing(world: World) -> None:
    def stored() -> list[str]:
        with world.database.read() as connection:
            return [
                str(connection.execute(select(each).order_by(each.c[0])).all())
                for each in (resource, unit, audit_entry)
            ]

    before = stored()
    foresee(world, "LO 3")
    assert stored() == before


def test_a_school_that_there_is_not_has_nothing_to_foresee(world: World) -> None:
    with pytest.raises(BadInput, match="has no school"):
        foresee(world, "SP 1")


def test_every_decision_is_kept_with_who_made_it_and_who_typed_it_in(world: World) -> None:
    """Red when ``decide`` replaces a decision, or ``history`` forgets the order."""
    world.clock.move(minutes=1)
    world.decide("SP 12", False)
    world.clock.move(minutes=1)
    world.decide("SP 12", True)
    with world.database.read() as connection:
        made = history(connection, world.unit)
    assert [(each.school, each.synchronised) for each in made] == [
        ("SP 12", True), ("LO 3", True), ("SP 12", False), ("SP 12", True),
    ]  # fmt: skip
    assert [each.at for each in made] == sorted(each.at for each in made)
    assert {each.decided_by for each in made} == {"dyrektor"}
    assert {each.recorded_by for each in made} == {"os:test"}
    assert {each.text_version for each in made} == {"vulcan-757"}


def test_a_decision_without_an_entry_is_told_without_an_operator(world: World) -> None:
    """Red when ``history`` takes whatever entry there is about the school."""
    with world.database.write() as connection:
        connection.execute(audit_entry.delete())
        assert {each.recorded_by for each in history(connection, world.unit)} == {None}
