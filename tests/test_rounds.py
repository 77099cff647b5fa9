"""Jobs between requests: each at its pace, once more at the end, and none stopped by a failure."""

from __future__ import annotations

import logging
import threading

import pytest

from scim_server.rounds import Job, Rounds


def test_every_job_runs_though_one_fails(caplog: pytest.LogCaptureFixture) -> None:
    """Red when ``_do`` lets a failure out, or logs its text."""
    done: list[str] = []

    def fail() -> None:
        raise ValueError("Żaneta Kanarek")

    rounds = Rounds([Job("first", 1, fail), Job("second", 1, lambda: done.append("second"))])
    logging.getLogger("scim_server").propagate = True
    with caplog.at_level(logging.ERROR, "scim_server.faults"):
        rounds.run_all()
    assert done == ["second"]
    assert caplog.messages == ["first: ValueError"]


def test_the_thread_runs_jobs_until_it_is_stopped_and_once_more_then() -> None:
    """Red when ``stop`` doesn't run what is left."""
    ran, twice = threading.Event(), threading.Event()

    def run() -> None:
        (twice if ran.is_set() else ran).set()

    rounds = Rounds([Job("job", 3_600, run)])
    rounds.start()
    assert ran.wait(30)
    assert not twice.is_set()
    rounds.stop()
    assert twice.is_set()
