"""Turn after turn: pushed, read, rested; a failure is told once and doesn't end it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from scim_server.audit import entries
from scim_server.errors import BadInput, Failure, Refused
from scim_server.inbound.pushing import Choices, Outcome
from scim_server.inbound.watching import Watch
from tests.inbound.double import doubled
from tests.inbound.pushed import Pushed, pupils
from tests.school import World


@pytest.fixture
def pushed(world: World) -> Iterator[Pushed]:
    with doubled(world.clock) as double:
        made = Pushed(world, double)
        made.configure()
        yield made
        made.close()


def watch(
    pushed: Pushed, rests: int, between: Callable[[int], None] = lambda _: None
) -> tuple[list[Outcome], list[Failure]]:
    """Until it has rested so many times; ``between`` is called with the number of each rest."""
    told: list[Outcome] = []
    failed: list[Failure] = []
    around = pushed.around
    numbers: list[float] = []

    def sleep(seconds: float) -> None:
        around.sleep(seconds)
        if seconds == 300:
            numbers.append(seconds)
            pushed.stop = len(numbers) >= rests
            between(len(numbers))

    watching = Watch(
        pushed.database, "sp12", replace(around, sleep=sleep),
        announce=pushed.told.append, told=told.append, failed=failed.append,
    )  # fmt: skip
    watching.run(Choices(actor="os:test", max_deactivated_percent=10), 300)
    pushed.stop = False
    return told, failed


def test_every_turn_pushes_what_changed_and_reads_the_log(pushed: Pushed) -> None:
    pushed.fill(pupils(1, 2, 3), allow_deactivations=True)
    told, failed = watch(
        pushed, 4, lambda turn: pushed.fill(pupils(1, 2, 3, u2="Ewa")) if turn == 2 else None
    )
    assert [dict(each.taken) for each in told] == [{"new": 5}, {}, {"changed": 1}, {}]
    assert failed == []
    assert pushed.read_log() != {}


def test_a_first_push_that_takes_days_goes_on_by_itself(pushed: Pushed) -> None:
    pushed.double.simulator.day.limit = 2
    pushed.fill(pupils(*range(1, 149)), allow_deactivations=True)
    with pushed.database.write() as connection:
        connection.exec_driver_sql("UPDATE inbound SET calls_a_day = 2")
    told, _ = watch(pushed, 290)
    assert sum(sum(each.taken.values()) for each in told) == 150
    assert {each.status for each in pushed.double.uploads} == {202}
    pushed.check_accounts()


def test_what_a_guard_refuses_is_told_and_recorded_once(pushed: Pushed) -> None:
    """Red when ``_turn`` forgets the failure before, or a refusal ends the watch."""
    pushed.push()
    pushed.fill(pupils(1, 2), allow_deactivations=True)
    told, failed = watch(pushed, 4)
    assert [type(each) for each in failed] == [Refused]
    assert told == []
    with pushed.database.read() as connection:
        assert len(entries(connection, unit="sp12", action="inbound.refused")) == 1


def test_an_outage_is_waited_for(pushed: Pushed) -> None:
    pushed.double.fail_next(503, times=17, retry_after=1)
    told, failed = watch(pushed, 4)
    assert len(failed) == 1
    assert sum(sum(each.taken.values()) for each in told) == 7
    pushed.check_accounts()


def test_a_unit_that_isn_t_configured_isn_t_watched(pushed: Pushed) -> None:
    with pushed.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM inbound")
    with pytest.raises(BadInput, match="inbound configure"):
        watch(pushed, 1)
