"""The accounts of the tenant, and the job that creates, changes and disables them."""

from __future__ import annotations

import re
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scim_server.inbound.simulator.log import (
    DUPLICATE_NAME,
    INVALID_NAME,
    MISSING,
    Entry,
    Log,
    Outcome,
)
from scim_server.inbound.simulator.mapping import manager, wanted
from scim_server.inbound.simulator.tenant import Tenant

User = dict[str, Any]

_LOCAL_PART = re.compile(r"(?!\.)[A-Za-z0-9'._!#^~-]{1,64}(?<!\.)")
"""What may stand before the @ of a user principal name."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An operation that was accepted and is worked on at ``due``."""

    due: datetime
    cycle: str
    data: dict[str, Any]


class Accounts:
    """Every account, by its id, by ``employeeId`` and by user principal name."""

    def __init__(self, tenant: Tenant, log: Log) -> None:
        self._tenant, self._log = tenant, log
        self.pending: deque[Pending] = deque()
        self._users: dict[str, User] = {}
        self._by_employee: dict[str, dict[str, None]] = {}
        self._by_name: dict[str, str] = {}

    def __iter__(self) -> Iterator[User]:
        return iter(self._users.values())

    def __getitem__(self, user_id: str) -> User:
        return self._users[user_id]

    def get(self, name: str) -> User | None:
        """The account of an id or of a user principal name."""
        return self._users.get(name) or self._users.get(self._by_name.get(name.lower(), ""))

    def of_employee(self, employee_id: str) -> User | None:
        """The account that the job finds: of several the last."""
        return next(reversed(self.all_of_employee(employee_id)), None)

    def all_of_employee(self, employee_id: str) -> list[User]:
        return [self._users[each] for each in self._by_employee.get(employee_id, ())]

    def delete(self, user_id: str) -> None:
        """Delete an account, as an administrator does it by hand."""
        user = self._users.pop(user_id)
        self._by_name.pop(user["userPrincipalName"].lower(), None)
        self._by_employee.get(user["employeeId"], {}).pop(user_id, None)

    def add(self, user: User) -> User:
        """Put an account in: a new one, or one that was there before any push."""
        made = {"id": str(uuid.uuid4()), "accountEnabled": True, "employeeId": None, **user}
        self._users[made["id"]] = made
        self._index(made)
        return made

    def _index(self, user: User) -> None:
        self._by_name[user["userPrincipalName"].lower()] = user["id"]
        if user["employeeId"]:
            self._by_employee.setdefault(user["employeeId"], {})[user["id"]] = None

    def accept(self, operations: list[dict[str, Any]], now: datetime) -> None:
        """Take the operations of a call; they are worked on after the tenant's delay."""
        due, cycle = now + timedelta(seconds=self._tenant.delay), str(uuid.uuid4())
        self.pending.extend(Pending(due, cycle, data) for data in operations)

    def work(self, now: datetime) -> None:
        """Do what is due, in the order in which it came."""
        while self.pending and self.pending[0].due <= now:
            each = self.pending.popleft()
            outcome, user = self._apply(each.data)
            self._log.add(Entry.of(outcome, each.data, user, each.cycle, each.due, self._tenant))

    def _apply(self, data: dict[str, Any]) -> tuple[Outcome, User | None]:
        """Do one operation: what came of it, and the account that it was about."""
        properties = wanted(data)
        if (boss := self.of_employee(manager(data) or "")) is not None:
            properties["manager"] = boss["id"]
        current = self.of_employee(data["externalId"])
        old = current or {}
        changes = {
            name: (old.get(name), value)
            for name, value in properties.items()
            if name not in old or old[name] != value
        }
        action = "create" if current is None else _kind(changes)
        if action == "other":
            return Outcome(action, "skipped"), current
        if (code := self._objection(properties, old)) is not None:
            return Outcome(action, "failure", changes, code), current
        if current is None:
            current = self.add(properties)
        else:
            self._by_name.pop(current["userPrincipalName"].lower(), None)
            current |= properties
            self._index(current)
        return Outcome(action, "success", changes), current

    def _objection(self, properties: User, old: User) -> str | None:
        """The error code that keeps an account from having these properties."""
        name = properties["userPrincipalName"]
        local, _, domain = name.rpartition("@")
        if not _LOCAL_PART.fullmatch(local) or domain.lower() not in self._tenant.domains:
            return INVALID_NAME
        if self._by_name.get(name.lower(), old.get("id")) != old.get("id"):
            return DUPLICATE_NAME
        if not (properties.get("displayName") or old.get("displayName")):
            return MISSING
        return None


def _kind(changes: dict[str, tuple[Any, Any]]) -> str:
    """What the log calls these changes of an account."""
    if not changes:
        return "other"
    return "disable" if changes.get("accountEnabled") == (True, False) else "update"
