"""A push may be killed at any point: nothing is lost, and at most one request is repeated."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.inbound.double import Double, doubled
from tests.inbound.pushed import Pushed, pupils
from tests.school import World

ROOT = Path(__file__).parent.parent.parent
NEVER = 1_000_000


def run(world: World, steps: int, *, anything: bool = False) -> int:
    """The process's exit code; negative: the signal that ended it."""
    answer = subprocess.run(
        [sys.executable, "-m", "tests.inbound.killed", world.settings.database_url,
         str(world.clock().timestamp()), str(steps), *(["anything"] if anything else [])],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert answer.returncode in (0, -signal.SIGKILL), answer.stderr
    return answer.returncode


def sent(double: Double) -> Counter[str]:
    return Counter(
        one["data"]["externalId"]
        for call in double.uploads
        if call.status in (0, 202)
        for one in call.body["Operations"]
    )


def test_a_push_killed_ten_times_ends_as_one_that_never_was(world: World) -> None:
    """Red when ``offer`` and the counted call are committed after the request, or what is accepted
    is noted before it.
    """
    with doubled(world.clock) as double:
        pushed = Pushed(world, double)
        pushed.configure()
        pushed.fill(pupils(*range(1, 401)), allow_deactivations=True)
        chance = random.Random(20_261_124)
        killed = 0
        while killed < 10:
            before = sum(sent(double).values())
            code = run(world, chance.randrange(1, 16))
            world.clock.move(minutes=4)  # the lease of the killed one ends
            if code:
                killed += 1
            else:
                pushed.fill(pupils(*range(1, 401), name=f"Ewa{'abcdefghij'[killed]}"))
            assert sum(sent(double).values()) >= before
        assert run(world, NEVER) == 0
        assert pushed.push().calls == 0
        pushed.check_accounts()
        assert len(double.accounts) == 402
        pushed.close()


def test_the_answer_that_was_lost_is_the_only_request_repeated(world: World) -> None:
    """Red when what one answer accepted is noted with the next one."""
    with doubled(world.clock) as double:
        pushed = Pushed(world, double)
        pushed.configure()
        pushed.fill(pupils(*range(1, 199)), allow_deactivations=True)
        for steps in range(7, 9):  # around the answer to the first upload
            run(world, steps)
            world.clock.move(minutes=4)
        run(world, NEVER)
        repeated = [count - 1 for count in sent(double).values() if count > 1]
        assert sum(repeated) <= 50 * 2
        assert len(sent(double)) == 200
        pushed.check_accounts()
        pushed.close()
