"""What a push reads: the provisioning log, and accounts by ``employeeId``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from scim_server.clock import Clock
from scim_server.inbound.simulator import filters, paging
from scim_server.inbound.simulator.accounts import Accounts
from scim_server.inbound.simulator.log import Log
from scim_server.inbound.simulator.messages import Answer, GraphError, Request, not_found
from scim_server.inbound.simulator.routing import Route, route

_LOG_READERS = ("ProvisioningLog.Read.All", "AuditLog.Read.All")
_USER_READERS = (
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
)

_WORDS = ("eq", "contains")
# The reference has eq, contains, gt and lt; Microsoft's own scripts say ge as well.
_LOG_NAMES: filters.Names = {
    "id": _WORDS, "jobId": _WORDS, "cycleId": _WORDS, "changeId": _WORDS, "tenantId": _WORDS,
    "provisioningAction": _WORDS, "provisioningStatusInfo/status": _WORDS,
    "servicePrincipal/id": _WORDS, "servicePrincipal/displayName": _WORDS,
    "sourceIdentity/id": _WORDS, "sourceIdentity/displayName": _WORDS,
    "targetIdentity/id": _WORDS, "targetIdentity/displayName": _WORDS,
    "activityDateTime": ("eq", "gt", "lt", "ge", "le"),
}  # fmt: skip
_LOG_ORDERS = {
    "activitydatetime": False,
    "activitydatetime asc": False,
    "activitydatetime desc": True,
}

_USER_NAMES: filters.Names = {
    "employeeId": ("eq", "in", "startswith"), "id": ("eq", "in"),
    "userPrincipalName": ("eq", "in", "startswith"),
}  # fmt: skip
_MOST_CLAUSES = 15
USER_DEFAULT = (
    "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone",
    "officeLocation", "preferredLanguage", "surname", "userPrincipalName",
)  # fmt: skip
USER_MORE = ("accountEnabled", "companyName", "department", "employeeId", "employeeType")
"""Properties that come only where ``$select`` names them."""


class Reading:
    """Answers reads of the log and of accounts."""

    def __init__(self, accounts: Accounts, log: Log, clock: Clock) -> None:
        self._accounts, self._log, self._clock = accounts, log, clock

    def routes(self) -> tuple[Route, ...]:
        return (
            route(r"/auditLogs/provisioning/?", "log", GET=(self.log, _LOG_READERS)),
            route(r"/users", "users", GET=(self.users, _USER_READERS)),
            route(r"/users/([^/]+)", "users", GET=(self.user, _USER_READERS)),
        )

    def log(self, request: Request) -> Answer:
        query = paging.options(request, "$filter", "$top", "$orderby", "$skiptoken")
        wanted = filters.parse(query["$filter"], _LOG_NAMES) if "$filter" in query else None
        order = query.get("$orderby", "activityDateTime desc").lower()
        if order not in _LOG_ORDERS:
            raise GraphError(400, "BadRequest", "$orderby must be activityDateTime, asc or desc.")
        # The work is done in the order of time, so that the numbers of entries order them.
        descending = _LOG_ORDERS[order]
        entries = list(self._log.shown(self._clock()))
        numbered = ((each.number, each.body) for each in entries[:: -1 if descending else 1])
        items = (
            (number, body)
            for number, body in paging.after(request, numbered, descending=descending)
            if wanted is None or wanted.holds(body)
        )
        return paging.answer(request, items, "auditLogs/provisioning", size=100, most=1_000)

    def users(self, request: Request) -> Answer:
        query = paging.options(request, "$filter", "$select", "$top", "$skiptoken")
        shown = paging.selected(request, USER_DEFAULT, USER_MORE)
        found = paging.after(request, enumerate(self._found(query.get("$filter"))))
        items = ((number, shown(each)) for number, each in found)
        return paging.answer(request, items, "users", size=100, most=999)

    def _found(self, text: str | None) -> Iterator[dict[str, Any]]:
        if text is None:
            return iter(self._accounts)
        wanted = filters.parse(text, _USER_NAMES, joins=("and", "or"))
        clauses = sum(len(each.values) for each in wanted.conditions)
        if clauses > _MOST_CLAUSES:
            raise GraphError(
                400, "Request_UnsupportedQuery",
                f"Too many child clauses specified in search filter expression: {clauses}. "
                f"Max allowed: {_MOST_CLAUSES}.",
            )  # fmt: skip
        if (employees := _listed(wanted)) is not None:
            return chain.from_iterable(map(self._accounts.all_of_employee, employees))
        return (each for each in self._accounts if wanted.holds(each))

    def user(self, request: Request, name: str) -> Answer:
        """One account, by its id or its user principal name."""
        paging.options(request, "$select")
        shown = paging.selected(request, USER_DEFAULT, USER_MORE)
        if (found := self._accounts.get(name)) is None:
            raise not_found(name)
        return Answer(200, shown(found))


def _listed(wanted: filters.Filter) -> list[str] | None:
    """The values of ``employeeId`` where the filter lists such and no more: each is one look-up."""
    if len(wanted.conditions) > 1 and wanted.join == "and":
        return None
    if not all(
        one.name == "employeeId" and one.operator in ("eq", "in") for one in wanted.conditions
    ):
        return None
    return list(dict.fromkeys(value for one in wanted.conditions for value in one.values))
