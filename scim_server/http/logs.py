"""Log lines: one JSON object each, on standard error."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = f'{{"at":"{at}","level":"{record.levelname}","log":"{record.name}"'
        message = record.getMessage()
        if record.name == "scim_server.access":  # already an object
            return f"{head},{message[1:]}"
        return f'{head},"message":{json.dumps(message)}}}'


def configure_logs(level: str) -> None:
    """Write this program's lines from ``level`` up; asking twice changes nothing more."""
    # No line names its thread or process, and finding them out costs every request.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    own = logging.getLogger("scim_server")
    own.setLevel(level)
    if not own.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Lines())
        own.addHandler(handler)
        own.propagate = False
