"""To whom and when which resources were given.

A request only notes what it gave, in memory; every two seconds the notes of a process are added
to one set for each client and hour. A process that is killed loses the notes that it hadn't
written: those of the last seconds, at most five, longer only while the database can't be written.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pyroaring import BitMap64
from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from scim_server.audit.tables import disclosure
from scim_server.clock import Clock
from scim_server.database import Database

WINDOW = timedelta(hours=1)
Expand = Callable[[int, Sequence[int]], Iterable[int]]
"""Tells the ``seq`` of everybody of a unit who is listed in the groups given."""


class _Key(NamedTuple):
    unit_id: int
    client_id: str
    window: int


class _Note(NamedTuple):
    unit_id: int
    client_id: str
    at: int
    resources: Sequence[int]
    with_members: bool


class _Given:
    """What was given to one client within one window."""

    def __init__(self, at: int) -> None:
        self.first = self.last = at
        self.resources = BitMap64()
        self.groups = BitMap64()  # whose members were given, too

    def add(self, at: int, resources: Iterable[int]) -> None:
        self.first, self.last = min(self.first, at), max(self.last, at)
        self.resources.update(resources)


class Disclosures:
    """Notes of one process. ``expand`` is asked once in a window for the people in each group
    whose members were given, since a list of members is their record too.
    """

    def __init__(self, database: Database, clock: Clock, expand: Expand) -> None:
        self._database, self._clock, self._expand = database, clock, expand
        self._notes: deque[_Note] = deque()
        self._unwritten: dict[_Key, _Given] = {}
        self._expanded: dict[_Key, BitMap64] = {}
        self._lock = threading.Lock()

    def note(
        self, unit_id: int, client_id: str, resources: Sequence[int], *, with_members: bool = False
    ) -> None:
        """Note that resources (by ``seq``) were given to a client, groups with their members."""
        if resources:
            at = int(self._clock().timestamp())
            self._notes.append(_Note(unit_id, client_id, at, resources, with_members))

    def write(self) -> None:
        """Write what was noted. Where that fails, nothing is lost: the next turn tries again."""
        with self._lock:
            self._collect()
            for key in list(self._unwritten):
                with self._database.write_tokens() as connection:
                    _add(connection, key, self._unwritten[key])
                del self._unwritten[key]
            self._forget_old()

    def _collect(self) -> None:
        while self._notes:
            note = self._notes.popleft()
            key = _Key(note.unit_id, note.client_id, _window(note.at))
            given = self._unwritten.get(key)
            if given is None:
                given = self._unwritten[key] = _Given(note.at)
            given.add(note.at, note.resources)
            if note.with_members:
                given.groups.update(note.resources)
        for key, given in self._unwritten.items():
            self._add_members(key, given)

    def _add_members(self, key: _Key, given: _Given) -> None:
        known = self._expanded.setdefault(key, BitMap64())
        if new := given.groups - known:
            given.resources.update(self._expand(key.unit_id, list(new)))
            known.update(new)
        given.groups.clear()

    def _forget_old(self) -> None:
        now = _window(int(self._clock().timestamp()))
        self._expanded = {key: kept for key, kept in self._expanded.items() if key.window >= now}


def _add(connection: Connection, key: _Key, given: _Given) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    empty = {"first": given.first, "last": given.last, "resources": BitMap64().serialize()}
    connection.execute(
        dialect.insert(disclosure).values(**key._asdict(), **empty).on_conflict_do_nothing()
    )
    mine = [disclosure.c[name] == value for name, value in key._asdict().items()]
    kept = connection.execute(select(disclosure).where(*mine).with_for_update()).one()
    both = BitMap64.deserialize(kept.resources) | given.resources
    both.run_optimize()
    connection.execute(
        update(disclosure)
        .where(*mine)
        .values(
            first=min(kept.first, given.first),
            last=max(kept.last, given.last),
            resources=both.serialize(),
        )
    )


def _window(at: int) -> int:
    return at - at % int(WINDOW.total_seconds())


@dataclass(frozen=True, slots=True)
class Disclosed:
    """Within the hour that begins at ``window``, the client was given the record."""

    client_id: str
    window: datetime


def disclosed(database: Database, unit_id: int, seq: int) -> Iterator[Disclosed]:
    """To whom and when the resource ``seq`` of the unit was given, the oldest first."""
    query = (
        select(disclosure)
        .where(disclosure.c.unit_id == unit_id)
        .order_by(disclosure.c.window, disclosure.c.client_id)
        .execution_options(yield_per=100)
    )
    with database.answering(), database.tokens.connect() as connection:
        for row in connection.execute(query):
            if seq in BitMap64.deserialize(row.resources):
                yield Disclosed(row.client_id, datetime.fromtimestamp(row.window, UTC))


def recorded_since(database: Database, unit_id: int) -> datetime | None:
    """When the oldest disclosure of the unit was recorded, or none."""
    query = select(disclosure.c.first).where(disclosure.c.unit_id == unit_id)
    with database.answering(), database.tokens.connect() as connection:
        first = connection.scalar(query.order_by(disclosure.c.window).limit(1))
    return None if first is None else datetime.fromtimestamp(first, UTC)
