"""Jobs between requests: each at its pace, once more at the end, and none stopped by a failure."""

from __future__ import annotations

import logging
import os
import signal
import threading
import warnings

import pytest

from scim_server.rounds import Job, Rounds


def test_every_job_runs_though_one_fails(caplog: pytest.LogCaptureFixture) -> None:
    """Red when ``_do`` lets a failure out, or logs its text."""
    done: list[str] = []

    def fail() -> None:
        raise ValueError("Żaneta Kanarek")

    rounds = Rounds([Job("first", 1, fail), Job("second", 1, lambda: done.append("second"))])
    faults = logging.getLogger("scim_server.faults")
    faults.addHandler(caplog.handler)
    rounds.run_all()
    faults.removeHandler(caplog.handler)
    assert done == ["second"]
    assert set(caplog.messages) == {"first: ValueError"}


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


def test_a_job_that_hangs_keeps_no_other_from_running_nor_the_end_from_coming() -> None:
    """Red when jobs share a thread, or ``stop`` waits for one that needn't be finished."""
    ran, let_go = threading.Event(), threading.Event()

    def hang() -> None:
        let_go.wait(60)

    rounds = Rounds([Job("mail", 3_600, hang, finished=False), Job("other", 3_600, ran.set)])
    rounds.start()
    assert ran.wait(30)
    ran.clear()
    rounds.stop()
    assert ran.is_set()
    let_go.set()


def test_a_process_that_is_forked_runs_the_jobs_too() -> None:
    """Red when threads are started in the first process alone."""
    read, write = os.pipe()

    def run() -> None:
        os.write(write, b"x")

    rounds = Rounds([Job("job", 3_600, run)])
    rounds.start()
    assert os.read(read, 1) == b"x"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads are running
        child = os.fork()
    if child == 0:
        signal.pause()
    assert os.read(read, 1) == b"x"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
