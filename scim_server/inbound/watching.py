"""Push, read the log, rest, and again, until told to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from scim_server.database import Database
from scim_server.errors import Failure
from scim_server.inbound.pushing import Choices, Forecast, Outcome, push_of
from scim_server.inbound.results import read_log
from scim_server.inbound.running import Surroundings


class Watch:
    """One unit's endless push. A failure is told and tried again at the next turn, for most end by
    themselves; the same one is told once. ``announce``, ``told`` and ``failed`` are for the
    person who reads along.
    """

    def __init__(
        self,
        database: Database,
        unit_name: str,
        around: Surroundings,
        *,
        announce: Callable[[Forecast], None],
        told: Callable[[Outcome], None],
        failed: Callable[[Failure], None],
    ) -> None:
        self._database, self._unit_name, self._around = database, unit_name, around
        self._announce, self._told, self._failed = announce, told, failed
        self._last_failure = ""

    def run(self, choices: Choices, pause: float) -> None:
        """Until ``around.stopped``; ``pause`` is the seconds between two turns.

        Raises :class:`~scim_server.errors.BadInput` where the unit isn't configured.
        """
        push_of(self._database, self._unit_name, self._around)
        while not self._around.stopped():
            self._turn(choices)
            # What was allowed or asked for once isn't for every push that follows.
            choices = replace(choices, allow_deactivations=False, retry_failed=False)
            if not self._around.stopped():
                self._around.sleep(pause)

    def _turn(self, choices: Choices) -> None:
        try:
            # Configured anew since the last turn, it goes where it is to go now.
            push = push_of(self._database, self._unit_name, self._around)
            choices = replace(choices, repeats=self._last_failure)
            self._told(push.run(choices, self._announce))
            if not self._around.stopped():
                read_log(self._database, push.unit, push.graph, self._around.clock)
        except Failure as failure:
            if str(failure) != self._last_failure:
                self._failed(failure)
            self._last_failure = str(failure)
        else:
            self._last_failure = ""
