"""Starting and stopping what is measured: the server and its floors."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

UNHINDERED = {"SCIM_REQUESTS_PER_SECOND": "100000", "SCIM_REQUEST_BURST": "1000000"}
"""Settings by which no request is refused for its rate."""

_START_SECONDS = 60


def environment(url: str, port: int, workers: int = 1) -> dict[str, str]:
    """The settings of a server for the database at ``url``, with a master key of its own."""
    return {
        "SCIM_DATABASE_URL": url,
        "SCIM_MASTER_KEY": secrets.token_urlsafe(32),
        "SCIM_PORT": str(port),
        "SCIM_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SCIM_WORKERS": str(workers),
    }


class Program:
    """A server process with its children, pinned to one core; ``others`` are counted with it."""

    def __init__(
        self,
        arguments: list[str],
        environ: Mapping[str, str],
        port: int,
        core: int | None,
        others: tuple[int, ...] = (),
    ) -> None:
        self.port = port
        with Path(os.devnull).open("wb") as nowhere:
            self._process = subprocess.Popen(
                arguments, env={**os.environ, **environ}, stdout=nowhere, stderr=nowhere
            )
        self._others = others
        self._core = core
        self._wait()
        self.pin()

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError("the server under test ended at its start")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError("the server under test didn't start")

    def pin(self) -> None:
        """Keep every process of the tree, and each of its threads, on the server's core."""
        if self._core is None:
            return
        for each in self.tree():
            for thread in each.threads():
                os.sched_setaffinity(thread.id, {self._core})

    def tree(self) -> list[psutil.Process]:
        found = []
        for pid in (self._process.pid, *self._others):
            parent = psutil.Process(pid)
            found += [parent, *parent.children(recursive=True)]
        return found

    def cpu_seconds(self) -> float:
        total = 0.0
        for each in self.tree():
            try:
                times = each.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return total

    def memory(self) -> int:
        """Proportional set size of the tree in bytes: shared pages are shared out."""
        total = 0
        for each in self.tree():
            try:
                total += int(each.memory_full_info().pss)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return total

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=40)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def server(
    environ: Mapping[str, str], port: int, core: int | None, others: tuple[int, ...]
) -> Program:
    """The product, one worker, as ``scim-server serve`` runs it."""
    code = "from scim_server.cli import main; main()"
    return Program([sys.executable, "-c", code, "serve"], environ, port, core, others)


def floor(
    target: str, answers: Path, url: str, port: int, threads: int, core: int | None
) -> Program:
    """granian with ``benchmarks.floor:{target}``, one worker and as many threads."""
    arguments = [sys.executable, "-m", "granian", f"benchmarks.floor:{target}", "--factory"]
    arguments += ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    arguments += ["--workers", "1", "--blocking-threads", str(threads), "--no-ws"]
    environ = {"FLOOR_ANSWERS": str(answers), "FLOOR_DATABASE": url}
    return Program(arguments, environ, port, core)
