"""Whatever is imported, whatever fails, however time passes: in the end Entra has the register."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from scim_server.database import open_database
from scim_server.errors import NotPushed, Refused
from scim_server.inbound.simulator.faults import CUT, EXPIRED, LOST
from tests.inbound.double import doubled
from tests.inbound.pushed import Pushed, pupils
from tests.school import AUDIT_KEYS, MovedClock, make_world

NUMBERS = range(1, 7)
FAULTS = (429, 500, 502, 503, 504, LOST, CUT, EXPIRED)


class Days(RuleBasedStateMachine):
    """Of a few pupils, so that requests are small and changes of one person are many."""

    make_database: Callable[[Path], str]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        url = self.make_database(folder / "database")
        database = open_database(url, audit_keys=AUDIT_KEYS)
        self.stack.callback(database.close)
        self.clock = MovedClock()
        double = self.stack.enter_context(doubled(self.clock))
        self.pushed = Pushed(make_world(database, url, self.clock, folder), double)
        self.stack.callback(self.pushed.close)

    @initialize()
    def begin(self) -> None:
        self.pushed.configure()

    @rule(
        present=st.sets(st.sampled_from(NUMBERS)),
        renamed=st.sets(st.sampled_from(NUMBERS), max_size=4),
    )
    def import_files(self, present: set[int], renamed: set[int]) -> None:
        others = {f"u{number}": "Ewa" for number in renamed}
        self.pushed.fill(pupils(*sorted(present), **others), allow_deactivations=True)

    @rule(what=st.sampled_from(FAULTS), times=st.integers(1, 9))
    def let_fail(self, what: int | str, times: int) -> None:
        self.pushed.double.fail_next(what, times=times if what != EXPIRED else 1, retry_after=5)

    @rule(minutes=st.integers(1, 3_000))
    def let_time_pass(self, minutes: int) -> None:
        self.clock.move(minutes=minutes)

    @rule(school=st.sampled_from(("SP 12", "LO 3")), decision=st.booleans())
    def decide(self, school: str, decision: bool) -> None:
        self.pushed.world.decide(school, decision)

    @rule()
    def push(self) -> None:
        """As far as it goes."""
        with suppress(NotPushed, Refused):
            self.pushed.push(allow_deactivations=True)

    @rule(
        loses=st.booleans(),
        before=st.sets(st.sampled_from(NUMBERS)),
        after=st.sets(st.sampled_from(NUMBERS)),
    )
    def change_while_answers_are_lost(self, loses: bool, before: set[int], after: set[int]) -> None:
        """Nobody here knows whether the request arrived, and then the change is undone."""
        self.import_files(set(NUMBERS), after)
        self.push()
        self.import_files(set(NUMBERS), before)
        self.pushed.double.fail_next(LOST if loses else CUT)
        self.pushed.double.fail_next(CUT, times=7)
        self.push()
        self.import_files(set(NUMBERS), after)
        self.push_and_compare()

    @rule()
    def push_and_compare(self) -> None:
        for _ in range(20):
            try:
                if not self.pushed.push(allow_deactivations=True).left:
                    break
            except NotPushed:
                self.clock.move(hours=1)
            except Refused:
                return
        self.pushed.check_accounts()

    def teardown(self) -> None:
        self.stack.close()


def test_random_days_end_as_the_register_has_it(
    new_database: Callable[[Path], str], request: pytest.FixtureRequest
) -> None:
    """Red when ``offer`` keeps the digest of the record before."""

    class OnCopies(Days):
        make_database = staticmethod(new_database)

    # What the two do differently are transactions and times, for which few examples will do.
    examples = 10 if request.node.callspec.params["new_database"] == "sqlite" else 4
    run_state_machine_as_test(
        OnCopies,
        settings=settings(
            max_examples=examples, stateful_step_count=15, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
