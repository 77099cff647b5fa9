"""Each notice goes out once on each channel, by whichever process comes first.

A process takes notices up in the database before it sends them, and confirms them afterwards. What
a failed channel didn't take is given back, for the next turn. What a process that died had taken up
is taken again after ten minutes, so the promise is: at least once, and once unless a process dies
between sending and confirming.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from scim_server.clock import Clock
from scim_server.database import Database
from scim_server.errors import NotSent
from scim_server.oauth.channels import Channel, Log, channels
from scim_server.oauth.notices import Notice, due
from scim_server.oauth.tables import sent_notice
from scim_server.settings import Settings

_faults = logging.getLogger("scim_server.faults")

TEST = Notice(
    "test", "-", "-", "-", 0,
    "This is a test: notices about credentials will arrive like this.",
    "To jest próba: tak przyjdą powiadomienia o danych dostępu.",
)  # fmt: skip

_UNCONFIRMED_SECONDS = 600
"""How long a process has for sending what it took up, before another takes it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one channel's notices: how many there were, and why they weren't sent."""

    channel: str
    count: int
    failure: str = ""


class Sender:
    """Sends what is due on the channels given: for the server its log, and what is configured."""

    def __init__(self, database: Database, clock: Clock, through: Iterable[Channel]) -> None:
        self._database, self._clock, self._channels = database, clock, list(through)

    @classmethod
    def of(cls, settings: Settings, database: Database, clock: Clock) -> Sender:
        """The server's own: to its log, and to the channels that the settings name."""
        return cls(database, clock, [Log(), *channels(settings, clock)])

    def run(self) -> None:
        """Send what is due and wasn't sent; a failure is logged, and tried at the next run."""
        for each in self.send():
            if each.failure:
                _faults.error("notices: not sent by %s: %s", each.channel, each.failure)

    def send(self) -> list[Outcome]:
        """The same, told to the caller: an outcome for each channel that had something to send."""
        notices = due(self._database, self._clock())
        found = (self._send(each, notices) for each in self._channels)
        return [each for each in found if each.count]

    def _send(self, channel: Channel, notices: Sequence[Notice]) -> Outcome:
        known = {_key(channel, each): each for each in notices}
        now = int(self._clock().timestamp())
        free = self._free(list(known), now)
        taken = self._take(free, now) if free else []
        if not taken:
            return Outcome(channel.name, 0)
        try:
            outcome = hand_over(channel, [known[key] for key in taken])
        except BaseException:
            self._give_back(taken, now)
            raise
        if outcome.failure:
            self._give_back(taken, now)
        else:
            self._confirm(taken, now)
        return outcome

    def _free(self, keys: Sequence[str], now: int) -> list[str]:
        """The notices that nobody has sent or is sending, without a lock: mostly there are none."""
        query = select(sent_notice.c.notice).where(sent_notice.c.notice.in_(keys), _held(now))
        with self._database.answering(), self._database.tokens.connect() as connection:
            held = set(connection.scalars(query))
        return [each for each in keys if each not in held]

    def _take(self, free: Sequence[str], now: int) -> list[str]:
        """Those of the notices that are this process's to send: others may have come first."""
        dialect = sqlite if self._database.is_sqlite else postgresql
        taking = dialect.insert(sent_notice).values([{"notice": key, "at": now} for key in free])
        taking = taking.on_conflict_do_update(
            index_elements=["notice"], set_={"at": now}, where=~_held(now)
        ).returning(sent_notice.c.notice)
        with self._database.write_tokens() as connection:
            mine = set(connection.scalars(taking))
        return [each for each in free if each in mine]

    def _give_back(self, taken: Sequence[str], at: int) -> None:
        row = sent_notice.c
        with self._database.write_tokens() as connection:
            connection.execute(
                delete(sent_notice).where(row.notice.in_(taken), row.at == at, row.sent.is_(None))
            )

    def _confirm(self, taken: Sequence[str], at: int) -> None:
        row = sent_notice.c
        with self._database.write_tokens() as connection:
            connection.execute(
                update(sent_notice)
                .where(row.notice.in_(taken), row.at == at)
                .values(sent=int(self._clock().timestamp()))
            )


def hand_over(channel: Channel, notices: Sequence[Notice]) -> Outcome:
    """Send these now, whether they were sent before or not."""
    try:
        channel.send(notices)
    except NotSent as failure:
        return Outcome(channel.name, len(notices), failure.kind)
    return Outcome(channel.name, len(notices))


def _held(now: int) -> ColumnElement[bool]:
    row = sent_notice.c
    return or_(row.sent.is_not(None), row.at > now - _UNCONFIRMED_SECONDS)


def _key(channel: Channel, notice: Notice) -> str:
    """One and the same for what is sent once. No part of it holds a colon."""
    parts = (notice.code, notice.unit, notice.client_id, notice.secret, str(notice.stage))
    return ":".join((channel.name, *parts))
