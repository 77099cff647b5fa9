"""A body has one length, and is read whole or refused (RFC 9112 §6.3)."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from scim_server.errors import InvalidSyntax, PayloadTooLarge
from scim_server.http.limits import read_body

CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}


class Trickle(io.RawIOBase):
    """A connection that hands over a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, size: int = -1) -> bytes:
        part, self.data = self.data[: min(size, 3)], self.data[min(size, 3) :]
        return part


def environ(data: bytes, **headers: str) -> dict[str, Any]:
    return {"wsgi.input": Trickle(data), **headers}


def test_a_body_is_read_whole() -> None:
    assert read_body(environ(b"0123456789", CONTENT_LENGTH="10"), 10) == b"0123456789"
    assert read_body(environ(b"0123456789", **CHUNKED), 10) == b"0123456789"
    assert read_body(environ(b"0123456789extra", CONTENT_LENGTH="10"), 10) == b"0123456789"


def test_no_stated_body_is_none() -> None:
    for headers in ({}, {"CONTENT_LENGTH": ""}, {"CONTENT_LENGTH": "0"}):
        assert read_body(environ(b"ignored", **headers), 10) == b""


def test_a_body_over_the_limit_is_refused_not_cut() -> None:
    for headers in ({"CONTENT_LENGTH": "11"}, CHUNKED):
        with pytest.raises(PayloadTooLarge):
            read_body(environ(b"01234567890", **headers), 10)


def test_a_stated_length_over_the_limit_is_refused_unread() -> None:
    class Unread(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise AssertionError

    with pytest.raises(PayloadTooLarge):
        read_body({"wsgi.input": Unread(), "CONTENT_LENGTH": "11"}, 10)


def test_a_length_that_is_none_or_two_is_refused() -> None:
    for length in ("-1", "+1", "1.0", "0x1", "1 1", "1,1", "x", "１", "1\n2"):
        with pytest.raises(InvalidSyntax):
            read_body(environ(b"0123456789", CONTENT_LENGTH=length), 10)
    with pytest.raises(InvalidSyntax):
        read_body(environ(b"0123456789", CONTENT_LENGTH="10", **CHUNKED), 10)


def test_a_body_shorter_than_stated_is_refused() -> None:
    with pytest.raises(InvalidSyntax):
        read_body(environ(json.dumps({}).encode(), CONTENT_LENGTH="10"), 10)
