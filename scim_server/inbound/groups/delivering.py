"""Batch after batch until nothing is left to ask, whatever has to be asked again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from scim_server.errors import NotPushed
from scim_server.inbound.groups.batches import Batches, Reply, Step, check
from scim_server.inbound.running import Running
from scim_server.inbound.session import TryAgain
from scim_server.inbound.waiting import TRIES, back_off

Replies = Sequence[tuple[Step, Reply]]


class Stage(Protocol):
    """One kind of work on groups. It is asked for steps until it has none."""

    def offer(self) -> Sequence[Step]:
        """The next steps, read anew and noted as offered in one transaction; none: it is done.

        What was offered before and isn't noted yet is offered again.
        """

    def note(self, replies: Replies) -> None:
        """Note what the replies said that are final, in one transaction."""


def deliver(stage: Stage, batches: Batches, running: Running) -> None:
    """Raises :class:`~scim_server.errors.NotPushed` where Graph takes nothing for so many tries,
    :class:`~scim_server.inbound.running.Enough` where it asks for a long wait, and
    :class:`~scim_server.errors.Refused` where the schools' decision was withdrawn.
    """
    pauses = list(back_off(running.around.random))
    while True:
        steps = stage.offer()
        if not steps:
            return
        seconds, why, replies = _ask(batches, steps)
        final = [each for each in replies if not each[1].is_not_now]
        check([reply for _, reply in final])
        if final:
            stage.note(final)
            pauses = list(back_off(running.around.random))
        if len(final) < len(steps):
            if len(pauses) == 1:
                raise NotPushed(
                    f"Microsoft didn't take a request about groups after {TRIES} tries: {why}. "
                    "Nothing is lost: push again later."
                )
            running.wait(max(pauses.pop(0), seconds))
        running.stop_if_told()


def _ask(batches: Batches, steps: Sequence[Step]) -> tuple[float, str, Replies]:
    """The replies; how long those that are to be asked again have to wait at least, and why."""
    try:
        batches.sign_in()
        replies = batches.ask(steps)
    except TryAgain as again:
        return again.seconds, str(again), []
    waiting = [each for each in replies if each.is_not_now]
    seconds = max((each.seconds for each in waiting), default=0.0)
    why = f"status {waiting[0].status}" if waiting else ""
    return seconds, why, list(zip(steps, replies, strict=True))
