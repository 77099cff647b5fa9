"""Batch after batch until nothing is left to ask, whatever has to be asked again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    pauses, why = back_off(running.around.random), ""
    while True:
        seconds = 0.0
        try:
            batches.sign_in()
            steps = stage.offer()
            if not steps:
                return
            replies = list(zip(steps, batches.ask(steps), strict=True))
        except TryAgain as again:
            replies, seconds, why = [], again.seconds, str(again)
        final = [each for each in replies if not each[1].is_not_now]
        check([reply for _, reply in final])
        if final:
            stage.note(final)
            pauses = back_off(running.around.random)
        waiting = [reply for _, reply in replies if reply.is_not_now]
        if waiting:
            seconds, why = max(each.seconds for each in waiting), f"status {waiting[0].status}"
        if waiting or not final:
            running.wait(max(_next(pauses, why), seconds))
        running.stop_if_told()


def _next(pauses: Iterator[float], why: str) -> float:
    for pause in pauses:
        return pause
    raise NotPushed(
        f"Microsoft didn't take a request about groups after {TRIES} tries: {why}. Nothing is "
        "lost: push again later."
    )
