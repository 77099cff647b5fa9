"""A push of groups may be killed at any point: nothing is lost, and repeating harms nothing."""

from __future__ import annotations

import random

from tests.inbound.pushed import grouped
from tests.inbound.test_killed import NEVER, run
from tests.school import World


def test_groups_pushed_by_processes_that_are_killed_end_as_the_register_has_them(
    world: World,
) -> None:
    """Red when a membership that is offered counts as accepted before the answer."""
    with grouped(world) as pushed:
        chance = random.Random(20_261_126)
        keys = [f"U-{n}" for n in range(1, 9)]
        killed = turn = 0
        while killed < 10:
            turn += 1
            # A third of a group changes with each turn, under a name of its own.
            members = {
                n: [key for at, key in enumerate(keys) if (at + n + turn) % 3] for n in range(1, 31)
            }
            pushed.fill_groups(members, g7=f"Zajęcia {turn}", allow_deactivations=True)
            killed += run(world, chance.randrange(3, 26), anything=True) != 0
            world.clock.move(minutes=4)  # the lease of the killed one ends
            pushed.double.simulator.work()
        assert run(world, NEVER, anything=True) == 0
        pushed.push_groups(allow_deactivations=True)
        pushed.check_groups()
        assert len(pushed.double.groups) == 30
        pushed.check_accounts()
