"""A body is read whole or refused, whatever its framing, on the real server."""

from __future__ import annotations

import socket

from tests.server.program import MAX_BODY, UNIT, Program, chunks, read_reply, search


def padded(length: int) -> bytes:
    """A search that is valid JSON and exactly ``length`` bytes long."""
    text = search(count=1)
    return text + b" " * (length - len(text))


def test_a_body_of_a_stated_length_is_read(program: Program) -> None:
    body = search(count=1)

    reply = program.talk(program.search_head(f"Content-Length: {len(body)}"), body)

    assert reply.status == 200
    assert reply.json["itemsPerPage"] == 1


def test_a_chunked_body_is_read(program: Program) -> None:
    body = search(count=1)

    reply = program.talk(
        program.search_head("Transfer-Encoding: chunked"), chunks(body[:10], body[10:])
    )

    assert reply.status == 200
    assert reply.json["itemsPerPage"] == 1


def test_a_body_as_long_as_the_limit_is_read_in_both_framings(program: Program) -> None:
    body = padded(MAX_BODY)

    stated = program.talk(program.search_head(f"Content-Length: {MAX_BODY}"), body)
    chunked = program.talk(program.search_head("Transfer-Encoding: chunked"), chunks(body))

    assert (stated.status, chunked.status) == (200, 200)


def test_a_stated_length_over_the_limit_is_refused_before_the_body_is_sent(
    program: Program,
) -> None:
    """Red when ``read_body`` no longer compares the stated length with the limit."""
    reply = program.talk(program.search_head(f"Content-Length: {MAX_BODY + 1}"))

    assert reply.status == 413
    assert reply.json["status"] == "413"


def test_a_chunked_body_over_the_limit_is_refused_and_not_cut(program: Program) -> None:
    """Red when ``read_body`` reads ``limit`` instead of ``limit + 1`` bytes."""
    body = padded(MAX_BODY + 1)

    reply = program.talk(program.search_head("Transfer-Encoding: chunked"), chunks(body))

    assert reply.status == 413
    assert reply.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


def test_garbage_after_json_that_is_padded_to_the_limit_is_refused(program: Program) -> None:
    """A parser that sees only the first bytes would find a valid search.

    Red when ``read_body`` reads ``limit`` instead of ``limit + 1`` bytes.
    """
    reply = program.talk(
        program.search_head("Transfer-Encoding: chunked"), chunks(padded(MAX_BODY), b"garbage")
    )

    assert reply.status == 413


def test_a_client_that_goes_on_sending_still_reads_that_it_was_refused(program: Program) -> None:
    piece = b" " * 4_096

    reply = program.talk(
        program.search_head("Transfer-Encoding: chunked"), chunks(*[piece] * 16)
    )  # fmt: skip

    assert reply.status == 413


def test_a_body_shorter_than_its_stated_length_is_refused(program: Program) -> None:
    """Red when ``read_body`` no longer compares what it read with the stated length."""
    body = search(count=1)
    with program.connect() as client:
        client.sendall(program.search_head(f"Content-Length: {len(body) + 1}") + body)
        client.shutdown(socket.SHUT_WR)

        assert read_reply(client).status == 400


def test_the_server_lives_on_when_a_client_leaves_amid_its_body(program: Program) -> None:
    for framing in ("Content-Length: 500", "Transfer-Encoding: chunked"):
        with program.connect() as client:
            client.sendall(program.search_head(framing) + b"5\r\n")

    assert program.get("/Users").status == 200


def test_two_different_lengths_are_refused(program: Program) -> None:
    body = search(count=1)

    reply = program.talk(
        program.search_head(f"Content-Length: {len(body)}", f"Content-Length: {len(body) - 1}"),
        body,
    )

    assert reply.status == 400


def test_a_length_beside_chunks_hides_no_second_request(program: Program) -> None:
    """RFC 9112 §6.3: chunks count alone, and the connection ends with the answer.

    The server program drops the length before anyone can see it, so it can't be refused; what a
    smuggler hides after the shorter of the two lengths must never be read as a request.
    """
    body = search(count=1)
    hidden = program.head(f"GET {UNIT}/Groups")
    with program.connect() as client:
        client.sendall(
            program.search_head(f"Content-Length: {len(body)}", "Transfer-Encoding: chunked")
            + chunks(body)
            + hidden
        )
        reply = read_reply(client)
        rest = client.recv(1)

    assert reply.status in (200, 400)
    assert reply.headers["connection"] == "close"
    assert rest == b""


def test_a_transfer_coding_that_is_not_understood_is_refused(program: Program) -> None:
    """Red when ``read_body`` takes every transfer coding for chunks."""
    for coding in ("gzip, chunked", "chunked, chunked", "identity"):
        reply = program.talk(
            program.search_head(f"Transfer-Encoding: {coding}"), chunks(search(count=1))
        )
        assert reply.status == 400, coding


def test_a_length_that_is_no_number_is_refused(program: Program) -> None:
    for length in ("-1", "+5", "0x10", "5, 5", "1e3", "9" * 40):
        reply = program.talk(program.search_head(f"Content-Length: {length}"))
        assert reply.status == 400, length


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(program: Program) -> None:
    body = search(count=1)
    with program.connect() as client:
        client.sendall(
            program.search_head(f"Content-Length: {len(body)}", "Expect: 100-continue")
        )  # fmt: skip
        interim = client.recv(1_024)
        client.sendall(body)
        reply = read_reply(client)

    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert reply.status == 200


def test_a_client_that_waits_for_100_continue_is_refused_before_it_sends(
    program: Program,
) -> None:
    reply = program.talk(
        program.search_head(f"Content-Length: {MAX_BODY + 1}", "Expect: 100-continue")
    )

    assert reply.status == 413
