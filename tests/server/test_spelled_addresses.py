"""Addresses as they arrive over a socket, spelt in every way: none opens what needs a token.

What the server program makes of a request line is its own: it decodes, and a proxy before it may
too. ``tests/security/test_deny_by_default.py`` asks the same of the application alone.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

from tests.security.addresses import letter_spellings, odd_spellings
from tests.server.program import UNIT, Program, Reply, read_reply


class Line:
    """A connection that stays open as long as the server keeps it; request lines go as they are."""

    def __init__(self, program: Program, stack: ExitStack, token: str) -> None:
        self._program, self._stack = program, stack
        self._rest = f" HTTP/1.1\r\nHost: 127.0.0.1:{program.port}\r\n"
        self._rest += f"Authorization: Bearer {token}\r\n\r\n" if token else "\r\n"
        self._open: socket.socket | None = None

    def get(self, target: str) -> Reply:
        self._open = self._open or self._stack.enter_context(closing(self._program.connect()))
        self._open.sendall(f"GET {target}{self._rest}".encode())
        reply = read_reply(self._open)
        if reply.status == 400 or reply.headers.get("connection") == "close":
            self._open.close()
            self._open = None
        return reply


def targets(program: Program) -> Iterator[str]:
    for path in (f"{UNIT}/Users", f"{UNIT}/Users/{program.school.ids['U-1']}"):
        yield from letter_spellings(path)
        yield from odd_spellings(path)
        # RFC 9112 §3.2: the other forms of a target.
        yield from (f"http://127.0.0.1:{program.port}{path}", f"http://elsewhere.example{path}")
        yield from (path[1:], f"*{path}", f"{path}#x", f"http:{path}", f"//elsewhere.example{path}")


def is_sendable(target: str) -> bool:
    """A space would end the target, and a control character the line."""
    return all(one > " " for one in target)


def test_no_spelling_opens_an_address_without_a_token(program: Program) -> None:
    """Red when ``Hallway._handle`` passes ``_admit`` over for any text of an address."""
    with ExitStack() as stack:
        line = Line(program, stack, "")
        for target in filter(is_sendable, targets(program)):
            reply = line.get(target)
            assert reply.status in (400, 401, 404), target
            assert b"userName" not in reply.body, target


def test_a_spelling_is_the_address_or_nothing(program: Program) -> None:
    """Red when an address is looked up in another text than the one that was routed."""
    with ExitStack() as stack:
        line = Line(program, stack, program.school.token)
        plain = {
            line.get(f"{UNIT}/Users{rest}").body for rest in ("", f"/{program.school.ids['U-1']}")
        }
        assert all(b"userName" in body for body in plain)
        opened = 0
        for target in filter(is_sendable, targets(program)):
            reply = line.get(target)
            assert reply.status in (400, 401, 404) or reply.body in plain, target
            opened += reply.status == 200
        assert opened, "an encoded letter is the letter"
