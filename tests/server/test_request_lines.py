"""Long request lines: those that Entra sends work, longer ones get a clean error."""

from __future__ import annotations

from urllib.parse import quote

from tests.server.program import UNIT, Program

GUID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def test_a_request_line_of_eight_kilobytes_works(program: Program) -> None:
    term = f'externalId eq "{GUID}"'
    query = f"filter={quote(' or '.join([term] * 30))}&attributes=userName"
    line = f"{UNIT}/Users?{query}&x="
    line += "y" * (8_192 - len(line))

    reply = program.talk(program.head(f"GET {line}"))

    assert reply.status == 200, reply.body
    assert reply.json["totalResults"] == 0


def test_a_query_as_long_as_the_limit_is_answered(program: Program) -> None:
    reply = program.talk(program.head(f"GET {UNIT}/Users?x={'y' * 16_382}"))

    assert reply.status == 200


def test_a_query_over_the_limit_is_refused_in_the_words_of_scim(program: Program) -> None:
    """Red when ``Hallway._handle`` no longer calls ``check_query``."""
    reply = program.talk(program.head(f"GET {UNIT}/Users?x={'y' * 16_383}"))

    assert reply.status == 414
    assert reply.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert reply.headers["content-type"] == "application/scim+json"


def test_a_query_that_no_setting_would_allow_is_refused_by_the_server_program(
    program: Program,
) -> None:
    reply = program.talk(program.head(f"GET {UNIT}/Users?x={'y' * 70_000}"))

    assert reply.status == 414
    assert reply.headers["connection"] == "close"


def test_too_many_headers_are_refused(program: Program) -> None:
    reply = program.talk(program.head(f"GET {UNIT}/Users", *[f"X-{n}: 1" for n in range(101)]))

    assert reply.status == 431


def test_what_is_no_http_is_refused(program: Program) -> None:
    assert program.talk(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").status == 400


def test_http_2_is_not_spoken(program: Program) -> None:
    with program.connect() as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        answer = client.recv(1_024)

    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


def test_an_absolute_request_target_is_still_guarded(program: Program) -> None:
    """RFC 9112 §3.2.2 lets a client name the host in the line; it changes nothing."""
    start = f"GET http://elsewhere.example{UNIT}/Users?count=1"

    with_token = program.talk(program.head(start))
    without = program.talk(f"{start} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert with_token.json["Resources"][0]["meta"]["location"].startswith(
        f"http://127.0.0.1:{program.port}/sp12/"
    )
    assert without.status == 401
