"""Faults on demand: what goes wrong at a real service, once asked for or every so many calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scim_server.inbound.simulator.messages import GraphError, throttled

LOST = "lost"
"""The call is carried out and the connection ends without an answer."""
CUT = "cut"
"""The connection ends without an answer, and nothing was done."""
EXPIRED = "expired"
"""The token counts as expired, from this call on."""
KINDS = ("token", "bulkUpload", "log", "users", "groups", "batch", "connectors")

_CODES = {
    500: "InternalServerError", 502: "BadGateway", 503: "ServiceUnavailable",
    504: "GatewayTimeout",
}  # fmt: skip


@dataclass
class _Fault:
    what: int | str
    times: int
    kind: str
    retry_after: int


class Faults:
    """The faults that are still to come."""

    def __init__(self) -> None:
        self._next: list[_Fault] = []
        self._cycle: Sequence[int | str] = ()
        self._every = self._uploads = self._met = 0

    def add(
        self, what: int | str, *, times: int = 1, on: str = "bulkUpload", retry_after: int = 10
    ) -> None:
        """Let the next ``times`` calls of the kind ``on`` fail: with a status, or as LOST, CUT or
        EXPIRED say. Several are met in the order in which they were added.
        """
        known = {LOST, CUT, 429, *_CODES, *(() if on == "token" else (EXPIRED,))}
        if on not in KINDS or what not in known:
            raise ValueError(f"There is no fault {what!r} on {on!r}.")
        self._next.append(_Fault(what, times, on, retry_after))

    def repeat(self, whats: Sequence[int | str], every: int) -> None:
        """Let each ``every``-th bulkUpload meet one of ``whats``, in turn."""
        self._cycle, self._every = tuple(whats), every

    def take(self, kind: str) -> str:
        """The fault of a call of this kind: LOST, CUT, EXPIRED or nothing; a status is raised."""
        fault = self._due(kind)
        if fault is None:
            return ""
        if isinstance(fault.what, str):
            return fault.what
        if fault.what == 429:
            raise throttled(fault.retry_after)
        headers = {"Retry-After": str(fault.retry_after)} if fault.what == 503 else {}
        raise GraphError(
            fault.what, _CODES[fault.what], "The simulator was asked for this.", headers
        )

    def _due(self, kind: str) -> _Fault | None:
        for fault in self._next:
            if fault.kind == kind:
                fault.times -= 1
                if fault.times <= 0:
                    self._next.remove(fault)
                return fault
        if kind == "bulkUpload" and self._cycle:
            self._uploads += 1
            if self._uploads % self._every == 0:
                self._met += 1
                return _Fault(self._cycle[(self._met - 1) % len(self._cycle)], 1, kind, 10)
        return None
