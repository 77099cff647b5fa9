"""Writing the end of the record elsewhere, so that cutting it off is found."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from scim_server.audit.chain import Anchor
from scim_server.audit.record import anchor
from scim_server.clock import Clock, stamp
from scim_server.database import Database

_log = logging.getLogger("scim_server.audit")


class Anchoring:
    """Writes an anchor to the log, and to ``file`` where there is one, whenever the record grew.

    Several processes may do so: in the file none is written twice in a row.
    """

    def __init__(self, database: Database, clock: Clock, file: Path | None) -> None:
        self._database, self._clock, self._file = database, clock, file
        self._logged: Anchor | None = None

    def run(self) -> None:
        """Raises ``OSError`` where the file can't be written; the next turn tries again."""
        with self._database.read() as connection:
            now = anchor(connection)
        if now is None or not now.mac or now == self._logged:
            return
        if self._file is not None:
            append(self._file, f"{stamp(self._clock())} {now}")
        _log.info("anchor %s", now)
        self._logged = now


def append(file: Path, line: str) -> None:
    """Append ``line``, unless the last one ends alike."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+", encoding="ascii") as opened:
        opened.seek(max(0, opened.seek(0, os.SEEK_END) - len(line) - 1))
        if line.split()[-1] not in opened.read():
            opened.write(line + "\n")
