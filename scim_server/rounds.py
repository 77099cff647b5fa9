"""What a process does between requests: small jobs, each at its own pace, on one thread."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from multiprocessing.util import Finalize

_faults = logging.getLogger("scim_server.faults")

_TICK_SECONDS = 1.0


@dataclass(slots=True)
class Job:
    """``run`` is called every ``seconds``, and once more at the end; what it raises is logged by
    its kind and tried again at the next turn.
    """

    name: str
    seconds: float
    run: Callable[[], None]
    due: float = field(default=0.0)


class Rounds:
    """Runs the jobs until the process ends, in every process that is forked from this one too."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = list(jobs)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        self._begin()
        os.register_at_fork(after_in_child=self._begin)
        # A process of multiprocessing, as the server's workers are, runs no atexit handlers.
        Finalize(None, self.stop, exitpriority=10)

    def _begin(self) -> None:
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let every job run once more, and no more after it."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self.run_all()

    def run_all(self) -> None:
        """Run every job now."""
        for job in self._jobs:
            self._do(job)

    def _run(self) -> None:
        while not self._stop.wait(_TICK_SECONDS):
            for job in self._jobs:
                if time.monotonic() >= job.due:
                    self._do(job)

    def _do(self, job: Job) -> None:
        with self._lock:
            try:
                job.run()
            except Exception as error:  # noqa: BLE001 (the text may hold what a request held)
                _faults.error("%s: %s", job.name, type(error).__name__)
            job.due = time.monotonic() + job.seconds
