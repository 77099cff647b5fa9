"""Connections are kept and ended as HTTP says."""

from __future__ import annotations

from http.client import HTTPConnection
from socket import socket

from tests.server.program import SECONDS, UNIT, Program, read_reply, reply, search


def test_many_requests_pass_on_one_connection(program: Program) -> None:
    connection = HTTPConnection("127.0.0.1", program.port, timeout=SECONDS)
    connection.connect()
    used = connection.sock
    try:
        for _ in range(50):
            connection.request("GET", f"{UNIT}/Users?count=1", headers=program.authorized())
            assert reply(connection.getresponse()).status == 200
            assert connection.sock is used
    finally:
        connection.close()


def test_a_refused_request_does_not_end_the_connection(program: Program) -> None:
    with program.connect() as client:
        for path, status in (("/Users?filter=x", 400), ("/nothing", 404), ("/Users", 200)):
            client.sendall(program.head(f"GET {UNIT}{path}"))
            assert read_reply(client).status == status


def test_requests_sent_in_a_row_are_answered_in_their_order(program: Program) -> None:
    with program.connect() as client:
        client.sendall(
            program.head(f"GET {UNIT}/Users?count=1") + program.head(f"GET {UNIT}/nothing")
        )
        assert [read_reply_exactly(client) for _ in range(2)] == [200, 404]


def read_reply_exactly(client: socket) -> int:
    """The status of one answer, reading not a byte further."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    lines = head.decode().lower().split("\r\n")
    (length,) = (int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))
    while length:
        length -= len(client.recv(length))
    return int(lines[0].split()[1])


def test_a_client_that_asks_for_it_has_its_connection_ended(program: Program) -> None:
    with program.connect() as client:
        client.sendall(program.head(f"GET {UNIT}/Users", "Connection: close"))
        assert read_reply(client).status == 200
        assert client.recv(1) == b""


def test_http_1_0_is_answered(program: Program) -> None:
    head = program.head(f"GET {UNIT}/Users?count=1").replace(b"HTTP/1.1", b"HTTP/1.0")

    assert program.talk(head).status == 200


def test_head_is_answered_like_get_without_a_body(program: Program) -> None:
    for path in ("/Users", f"/Users/{program.school.ids['U-1']}", "/Schemas"):
        got = program.get(path)
        with program.connect() as client:
            client.sendall(program.head(f"HEAD {UNIT}{path}"))
            head = read_reply(client, "HEAD")
            # Were there a body after all, it would be taken for the start of this answer.
            client.sendall(program.head(f"GET {UNIT}/nothing"))
            after = read_reply(client)

        assert (head.status, head.body) == (200, b"")
        for name in ("content-type", "content-length", "etag"):
            assert head.headers.get(name) == got.headers.get(name), (path, name)
        assert after.status == 404


def test_a_not_modified_answer_has_no_body(program: Program) -> None:
    path = f"/Users/{program.school.ids['U-1']}"
    tag = program.get(path).headers["etag"]
    with program.connect() as client:
        client.sendall(program.head(f"GET {UNIT}{path}", f"If-None-Match: {tag}"))
        unchanged = read_reply(client)
        client.sendall(program.head(f"GET {UNIT}{path}"))
        again = read_reply(client)

    assert (unchanged.status, unchanged.body) == (304, b"")
    assert unchanged.headers["etag"] == tag
    assert again.status == 200


def test_a_search_by_post_leaves_the_connection_usable(program: Program) -> None:
    body = search(count=1)
    with program.connect() as client:
        for _ in range(3):
            client.sendall(program.search_head(f"Content-Length: {len(body)}") + body)
            assert read_reply(client).status == 200
