"""What a process does between requests: small jobs, each at its own pace on a thread of its own."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from multiprocessing.util import Finalize

_faults = logging.getLogger("scim_server.faults")

_STOP_SECONDS = 10
"""How long the end waits for a job that is running."""


@dataclass(slots=True)
class Job:
    """``run`` is called every ``seconds``, and once more at the end where it is to be ``finished``.

    What it raises is logged by its kind, and tried again at the next turn.
    """

    name: str
    seconds: float
    run: Callable[[], None]
    finished: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def do(self) -> None:
        with self.lock:
            try:
                self.run()
            except Exception as error:  # noqa: BLE001 (the text may hold what a request held)
                _faults.error("%s: %s", self.name, type(error).__name__)


class Rounds:
    """Runs the jobs until the process ends, in every process that is forked from this one too."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = list(jobs)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._begin()
        os.register_at_fork(after_in_child=self._begin)
        # A process of multiprocessing, as the server's workers are, runs no atexit handlers.
        Finalize(None, self.stop, exitpriority=10)

    def _begin(self) -> None:
        self._stop = threading.Event()
        for job in self._jobs:
            job.lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._repeat, args=(job,), name=job.name, daemon=True)
            for job in self._jobs
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no job again, but for what is to be finished, once more."""
        self._stop.set()
        for job, thread in zip(self._jobs, self._threads, strict=True):
            if job.finished:
                thread.join(_STOP_SECONDS)
                job.do()

    def run_all(self) -> None:
        """Run every job now."""
        for job in self._jobs:
            job.do()

    def _repeat(self, job: Job) -> None:
        while not self._stop.is_set():
            job.do()
            self._stop.wait(job.seconds)
