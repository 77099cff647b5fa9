"""``serve`` and ``config``."""

from __future__ import annotations

import gc
import os
import signal
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from scim_server.audit.settings import record_settings
from scim_server.cli.opening import opened, operator
from scim_server.clock import system_clock
from scim_server.errors import BadEnvironment
from scim_server.settings import Settings, describe

if TYPE_CHECKING:
    from flask import Flask

_STOP_SECONDS = 30
"""How long a request in flight may take to finish when the server is told to stop."""

_COUNTS = "_SCIM_SERVER_COUNTS"
"""Names to the workers the folder where they count requests together."""


@click.command()
def serve() -> None:
    """Serve until told to stop (SIGTERM, Ctrl-C); requests in flight are finished."""
    run(Settings.from_env())


def run(settings: Settings) -> None:
    """The server program: granian, one worker process a core. Workers read the environment."""
    # A database that can't be used stops the start here, not in every worker.
    with opened(settings) as database, database.write() as connection:
        record_settings(connection, settings, at=system_clock(), actor=operator())
    address = _free_address(settings.host, settings.port)
    click.echo(
        f"scim-server listens on http://{settings.host}:{settings.port} "
        f"as {settings.public_url}. Stop it with Ctrl-C.",
        err=True,
    )
    _let_workers_be_stopped()
    with tempfile.TemporaryDirectory(prefix="scim-server-") as counts:
        os.environ[_COUNTS] = counts
        _serve(settings, address)


def _serve(settings: Settings, address: str) -> None:
    Server(
        "scim_server.cli.serving:worker",
        factory=True,
        interface=Interfaces.WSGI,
        address=address,
        port=settings.port,
        workers=settings.worker_count,
        blocking_threads=settings.thread_count,
        # HTTP/2 without TLS is of no use to a proxy or a client, and a second way in.
        http=HTTPModes.http1,
        websockets=False,
        http1_settings=HTTP1Settings(keep_alive=True, header_read_timeout=30_000),
        log_level=LogLevels.warning,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
    ).serve()


def _free_address(host: str, port: int) -> str:
    """The IP address of ``host``, once it is sure that ``port`` can be listened on there."""
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise BadEnvironment(
            f"Port {port} of {host} can't be listened on ({error.strerror}). "
            "Set SCIM_PORT or SCIM_HOST to a free one."
        ) from error
    return str(place[0])


def _let_workers_be_stopped() -> None:
    """Let SIGTERM end a worker from its first moment on.

    A forked worker inherits its parent's handler, which does nothing in it: told to stop before
    it has set its own, it would be waited for in vain. So it is born with the signal held back,
    and takes it once the handler is gone.
    """
    held = {signal.SIGTERM}

    def born() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, held)

    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, held),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, held),
        after_in_child=born,
    )


def worker() -> Flask:
    """The application of one worker process."""
    _repeat_what_is_not_heard()
    _end_with_the_parent()
    from scim_server.app import create_app  # the other commands start faster without it

    app = create_app(counts=Path(os.environ[_COUNTS]))
    # What is there now stays: a full collection would look through all of it, in some request.
    gc.collect()
    gc.freeze()
    return app


def _repeat_what_is_not_heard() -> None:
    """Say SIGTERM again until it is heard.

    While granian (2.8) sets a worker up, it has a handler already that nobody listens to; one
    signal in twenty was lost there, and the worker then waited for until it was killed.
    """
    told, tells = socket.socketpair()
    tells.setblocking(False)
    signal.set_wakeup_fd(tells.fileno(), warn_on_full_buffer=False)

    def repeat(_: socket.socket) -> None:
        while told.recv(1) != bytes([signal.SIGTERM]):
            pass
        while True:
            time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=repeat, args=(tells,), daemon=True).start()


def _end_with_the_parent() -> None:
    """Stop this worker when the server's first process is gone, as when it was killed: nobody
    would be left to stop it, and it would hold the port.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


@click.command()
def config() -> None:
    """Print the effective settings, secrets masked."""
    for row in describe(Settings.from_env()):
        source = "default" if row.is_default else "set"
        click.echo(f"{row.name} = {row.value}  ({source})\n    {row.help}")
