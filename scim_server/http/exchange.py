"""A request as a handler sees it, and its answer. Both are plain data on top of WSGI (PEP 3333)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scim_server.oauth.tokens import Grant

Environ = Mapping[str, Any]


@dataclass(slots=True)
class Call:
    """One request. ``arguments`` come from its path, ``grant`` from its token (none where the
    route is public); ``body`` is whole and within the limit. ``rule`` is what the access log calls
    the address, where a handler knows more of it than its route does.
    """

    method: str
    environ: Environ
    arguments: Mapping[str, str]
    grant: Grant | None
    body: bytes = b""
    rule: str = ""

    def header(self, name: str) -> str:
        """A request header, or the empty text."""
        return str(self.environ.get(f"HTTP_{name.upper().replace('-', '_')}", ""))

    @property
    def query(self) -> str:
        """The query string as it came."""
        return str(self.environ.get("QUERY_STRING", ""))

    @property
    def content_type(self) -> str:
        """The media type of the body, in lower case and without its parameters."""
        value = str(self.environ.get("CONTENT_TYPE", ""))
        return value.partition(";")[0].strip().lower()

    @property
    def unit_grant(self) -> Grant:
        """The grant of a route that isn't public."""
        assert self.grant is not None
        return self.grant


@dataclass(slots=True)
class Answer:
    """One answer. ``count`` is how many resources it holds, for the access log."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    count: int | None = None
