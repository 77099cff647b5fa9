"""Whose account is which: asked of Graph by the register's key, which accounts have as employee id.

An account that isn't there yet isn't waited for: a later push finds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from scim_server.errors import NotPushed
from scim_server.inbound.application import is_id
from scim_server.inbound.groups import accounts
from scim_server.inbound.groups.batches import MOST_STEPS, Step
from scim_server.inbound.groups.delivering import Replies
from scim_server.inbound.running import Running

_MOST_KEYS = 15
"""Values that one filter of users may list."""


class Looking:
    """``ambiguous`` are the keys that more than one account has: none of them is anybody's."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._after = 0
        self._offered: list[int] = []
        self._answered: set[int] = set()
        self.ambiguous: set[str] = set()

    def offer(self) -> Sequence[Step]:
        unit_id, most = self._running.unit.id, MOST_STEPS * _MOST_KEYS
        with self._running.offering() as (connection, _):
            found = accounts.sought(connection, unit_id, self._after, most)
        sought = [each for each in found if each[0] not in self._answered]
        self._offered = [seq for seq, _ in sought]
        parts = [sought[at : at + _MOST_KEYS] for at in range(0, len(sought), _MOST_KEYS)]
        return [Step("GET", _question(part), part) for part in parts]

    def note(self, replies: Replies) -> None:
        known: dict[int, str] = {}
        for step, reply in replies:
            values = reply.told.get("value")
            if reply.status != 200 or not isinstance(values, list):
                raise NotPushed(
                    f"Microsoft Graph answered {reply.status} when it was asked for accounts by "
                    "employee id. Nobody here knows what that means."
                )
            known |= self._matched(step.about, values)
            self._answered |= {seq for seq, _ in step.about}
        with self._running.stepping() as (connection, _):
            accounts.know(connection, self._running.unit.id, known)
        waiting = [seq for seq in self._offered if seq not in self._answered]
        if waiting:
            self._after = waiting[0] - 1
        else:
            self._after = self._offered[-1]
            self._answered.clear()

    def _matched(self, people: Sequence[tuple[int, str]], values: list[Any]) -> dict[int, str]:
        """The people with exactly one account. Graph compares without regard to case."""
        found: dict[str, list[str]] = {}
        for each in values:
            if isinstance(each, Mapping) and is_id(each.get("id")):
                found.setdefault(str(each.get("employeeId")), []).append(each["id"])
        self.ambiguous |= {key for _, key in people if len(found.get(key, ())) > 1}
        return {seq: found[key][0] for seq, key in people if len(found.get(key, ())) == 1}


def _question(people: Sequence[tuple[int, str]]) -> str:
    values = ",".join("'" + key.replace("'", "''") + "'" for _, key in people)
    wanted = quote(f"employeeId in ({values})", safe="")
    return f"/users?$filter={wanted}&$select=id,employeeId&$top=999"
