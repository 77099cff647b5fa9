"""A load generator: keep-alive connections over raw sockets, one request at a time on each."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

NUMBER = "########"
"""Stands in a request for a number that is filled in when it is sent."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP/1.1 request. ``key`` names it, so that a floor can answer it with the same bytes."""

    key: str
    data: bytes

    def numbered(self, number: int) -> Request:
        """The same request with ``number`` wherever :data:`NUMBER` stands."""
        return Request(self.key, self.data.replace(NUMBER.encode(), b"%08d" % number))


def request(
    method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes = b""
) -> Request:
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return Request(f"{method} {target}", "\r\n".join([*lines, "", ""]).encode() + body)


@dataclass(slots=True)
class Answer:
    status: int
    body: bytes


class Connection:
    """One keep-alive connection to ``127.0.0.1``."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()

    def send(self, what: Request) -> None:
        self._buffer.clear()
        self.socket.sendall(what.data)

    def receive(self) -> Answer | None:
        """Read what has come; the answer once it is whole."""
        part = self.socket.recv(1 << 20)
        if not part:
            raise ConnectionError("the server closed the connection")
        self._buffer += part
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self._buffer[:end]).lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return None
        return Answer(int(head[9:12]), bytes(self._buffer[end + 4 : end + 4 + length]))

    def ask(self, what: Request) -> Answer:
        self.send(what)
        while (answer := self.receive()) is None:
            pass
        return answer

    def close(self) -> None:
        self.socket.close()


@dataclass(slots=True)
class Measured:
    """What a turn of load showed. Times are in seconds; ``made`` holds the answers with 201."""

    requests: int = 0
    bad: int = 0
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    made: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.requests / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def run(
    port: int, requests: Iterable[Request], connections: int, seconds: float, status: int = 200
) -> Measured:
    """Ask ``requests`` in turn on ``connections`` for ``seconds``, or to their end.

    Every answer must have the ``status``.
    """
    result = Measured()
    source = iter(requests)
    selector = selectors.DefaultSelector()
    opened = [Connection(port) for _ in range(connections)]
    started = time.perf_counter()
    begun: dict[Connection, float] = {}

    def send(each: Connection, what: Request | None) -> None:
        if what is None:
            del begun[each]
            selector.unregister(each.socket)
            return
        begun[each] = time.perf_counter()
        each.send(what)

    for each in opened:
        selector.register(each.socket, selectors.EVENT_READ, each)
        begun[each] = started
        send(each, next(source, None))
    while begun:
        for key, _ in selector.select(timeout=30):
            each = key.data
            answer = each.receive()
            if answer is None:
                continue
            now = time.perf_counter()
            result.requests += 1
            result.bad += answer.status != status
            result.times.append(now - begun[each])
            if answer.status == 201:
                result.made.append(answer.body)
            send(each, next(source, None) if now - started < seconds else None)
    result.seconds = time.perf_counter() - started
    for each in opened:
        each.close()
    selector.close()
    return result
