"""SIGTERM: what was begun is finished, and the program ends well."""

from __future__ import annotations

import signal
import subprocess
import sys

from tests.server.program import SECONDS, UNIT, School, read_reply, search, serving


def test_a_request_in_flight_is_finished_when_the_server_is_told_to_stop(school: School) -> None:
    body = search(filter='externalId eq "U-1"')
    with serving(school) as program, program.connect() as client:
        client.sendall(program.search_head(f"Content-Length: {len(body)}", "Expect: 100-continue"))
        assert client.recv(1_024).startswith(b"HTTP/1.1 100")  # the request is being handled
        client.sendall(body[:10])

        program.tell_to_stop()
        program.wait_until_refusing()
        client.sendall(body[10:])
        reply = read_reply(client)

        assert reply.status == 200
        assert reply.json["totalResults"] == 1
        assert program.exit_code() == 0


def test_an_idle_connection_does_not_delay_the_end(school: School) -> None:
    with serving(school) as program, program.connect() as idle:
        idle.sendall(program.head(f"GET {UNIT}/Users?count=1"))
        assert read_reply(idle).status == 200

        program.tell_to_stop()

        assert program.exit_code() == 0
        assert idle.recv(1) == b""


def test_ctrl_c_ends_the_program_as_well(school: School) -> None:
    with serving(school) as program:
        assert program.get("/Users").status == 200
        program.process.send_signal(signal.SIGINT)

        assert program.exit_code() == 0


def test_a_server_that_is_still_starting_stops_at_once(school: School) -> None:
    with serving(school, SCIM_WORKERS="2") as program:  # it listens before its workers are ready
        program.tell_to_stop()

        assert program.process.wait(timeout=SECONDS / 2) == 0


def test_a_worker_can_be_stopped_from_its_first_moment_on() -> None:
    """Red when ``_let_workers_be_stopped`` leaves a child the handler that it inherits."""
    ended = subprocess.run([sys.executable, "-c", BORN_AND_STOPPED], timeout=SECONDS, check=False)

    assert ended.returncode == 0


BORN_AND_STOPPED = """
import multiprocessing, signal
from scim_server.cli.serving import _let_workers_be_stopped

signal.signal(signal.SIGTERM, lambda *_: None)
_let_workers_be_stopped()
for _ in range(30):
    worker = multiprocessing.get_context("fork").Process(target=signal.pause)
    worker.start()
    worker.terminate()
    worker.join()
    assert worker.exitcode == -signal.SIGTERM
"""


def test_several_workers_end_together(school: School) -> None:
    with serving(school, SCIM_WORKERS="2") as program:
        assert program.get("/Users").status == 200
        program.tell_to_stop()

        assert program.exit_code() == 0


def test_the_program_starts_again_with_the_same_data(school: School) -> None:
    with serving(school) as program:
        first = program.get("/Users").json["totalResults"]
    with serving(school) as program:
        again = program.get("/Users")

    assert (again.status, again.json["totalResults"]) == (200, first)


def test_workers_end_with_a_first_process_that_was_killed(school: School) -> None:
    """Red when ``_end_with_the_parent`` is gone: they would go on, and hold the port."""
    with serving(school, SCIM_WORKERS="2") as program:
        program.process.kill()
        program.wait_until_refusing()
