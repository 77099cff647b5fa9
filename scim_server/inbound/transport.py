"""One request over the network and its whole answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import httpx2

from scim_server.settings import is_loopback, split_address

_CONNECT_SECONDS = 10
_SILENCE_SECONDS = 60
"""How long nothing may be heard; an answer to 50 records takes a second or two."""

_LONGEST = 16 * 1024 * 1024


class Unreachable(Exception):
    """No whole answer came, and whether the request arrived isn't known; ``str()`` tells the kind
    of failure and nothing that was sent.
    """


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names are in lower case."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Transport(Protocol):
    """Sends a request; raises :class:`Unreachable`."""

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer: ...


class Network:
    """The real one: connections are kept, redirects never followed."""

    def __init__(self) -> None:
        self._clients: dict[bool, httpx2.Client] = {}

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        try:
            with self._client(url).stream(
                method, url, headers=dict(headers), content=body
            ) as answer:
                received = bytearray()
                for part in answer.iter_bytes():
                    received += part
                    if len(received) > _LONGEST:
                        raise Unreachable(f"more than {_LONGEST:,} bytes")
                return Answer(answer.status_code, bytes(received), dict(answer.headers))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise Unreachable(type(error).__name__) from None

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _client(self, url: str) -> httpx2.Client:
        """A proxy that the environment names leads to others, never to this machine."""
        ours = is_own(url)
        if ours not in self._clients:
            self._clients[ours] = httpx2.Client(
                timeout=httpx2.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS),
                follow_redirects=False,
                trust_env=not ours,
            )
        return self._clients[ours]


def is_own(url: str) -> bool:
    """Whether the address leads to this machine itself."""
    parts = split_address(url)
    return parts is not None and is_loopback(parts.hostname or "")
