"""The route table: every address that this server knows, and the scope that each needs.

What isn't here can't be reached; a route without a scope is public by name, not by omission.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scim_server.errors import MethodNotAllowed, RequestFailed
from scim_server.http.exchange import Answer, Call

PUBLIC = "public"
"""Stands in place of a scope on a route that is open to everyone."""

LIVE = "live"
"""Stands in place of a scope where any live token gets as far as the handler, which decides by
the unit whether it is enough.
"""

Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One address of a door. ``handlers`` are by method; ``HEAD`` is answered by ``GET``'s.

    ``scope`` is what every method needs but those in ``scopes``.
    """

    rule: str
    scope: str
    handlers: Mapping[str, Handler]
    scopes: Mapping[str, str] = field(default_factory=dict)

    def scope_of(self, method: str) -> str:
        """What a token must have for ``method``."""
        return self.scopes.get(method, self.scope)

    @property
    def allowed(self) -> str:
        """The value of an ``Allow`` header (RFC 9110 §10.2.1)."""
        methods = set(self.handlers) | ({"HEAD"} if "GET" in self.handlers else set())
        return ", ".join(sorted(methods))

    def handler(self, method: str) -> Handler:
        """Raises :class:`~scim_server.errors.MethodNotAllowed`, telling what is allowed."""
        found = self.handlers.get("GET" if method == "HEAD" else method)
        if found is None:
            raise MethodNotAllowed(
                f"{method} is not possible here. Possible: {self.allowed or 'nothing'}.",
                headers=[("Allow", self.allowed)],
            )
        return found


@dataclass(frozen=True, slots=True)
class Door:
    """A protocol's way in: its routes and how it writes a failure."""

    name: str
    routes: tuple[Route, ...]
    failure: Callable[[RequestFailed], Answer]
