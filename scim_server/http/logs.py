"""Log lines: one JSON object each, on standard error."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = f'{{"at":"{at}","level":"{record.levelname}","log":"{record.name}"'
        return f'{head},"message":{json.dumps(record.getMessage())}}}'


def write_access(facts: Mapping[str, Any]) -> None:
    """One line for one request, without a record of :mod:`logging`, which costs more than it."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {"at": at, "level": "INFO", "log": "scim_server.access", **facts}
    sys.stderr.write(orjson.dumps(line).decode() + "\n")
    sys.stderr.flush()


def configure_logs(level: str) -> None:
    """Write this program's lines from ``level`` up; asking twice changes nothing more."""
    own = logging.getLogger("scim_server")
    own.setLevel(level)
    if not own.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Lines())
        own.addHandler(handler)
        own.propagate = False
