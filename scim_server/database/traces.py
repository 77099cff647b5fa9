"""Whether a unit that was erased left anything behind: in rows, and in the bytes of the files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import (
    Connection,
    Engine,
    String,
    column,
    func,
    inspect,
    or_,
    select,
    table,
)

from scim_server.database.engines import Database

_CHUNK = 1 << 22
_OVERLAP = 1 << 10
"""The longest that is recognised across two chunks."""

_LOGIN = 64
"""How far before an ``@`` a login may begin."""

_TRIGRAMS = "resource_text"
_RECORD = "audit_entry"


@dataclass(frozen=True, slots=True)
class Traces:
    """What tells of a unit, gathered while it is there.

    ``names`` are whole values of columns: the ids of its clients and credentials, its namespace.
    ``texts`` are looked for in bytes: ids of resources and digests as they are, logins in lower
    case, and register keys as ``"externalId":"…"``. ``domain`` ends the logins, or is empty.
    """

    unit_id: int
    names: tuple[str, ...]
    texts: frozenset[bytes] = field(repr=False)
    domain: str


@dataclass(slots=True)
class Searched:
    """How much was looked through, and where something was found: places, never values."""

    tables: int = 0
    bytes: int = 0
    found: list[str] = field(default_factory=list)


def search(database: Database, traces: Traces, *, files: bool) -> Searched:
    """Look through every table, and on SQLite with ``files`` through every byte of the files.

    The record of who did what is left out: it keeps the unit's name and the ids of its clients.
    """
    searched = Searched()
    engines = (database.main, database.tokens)
    for engine in dict.fromkeys(engines):
        with database.answering(), engine.connect() as connection:
            _search_tables(connection, traces, searched)
        if files and database.is_sqlite:
            _search_files(engine, traces, searched)
    return searched


def _search_tables(connection: Connection, traces: Traces, searched: Searched) -> None:
    database = inspect(connection)
    for name in database.get_table_names():
        if name == _RECORD or name.startswith(_TRIGRAMS):
            continue
        tells = []
        for each in database.get_columns(name):
            if each["name"] == "unit_id":
                tells.append(column("unit_id") == traces.unit_id)
            elif isinstance(each["type"], String):
                tells.append(column(each["name"]).in_(traces.names))
        query = select(func.count()).select_from(table(name)).where(or_(False, *tells))
        if count := connection.scalar(query):
            searched.found.append(f"table {name}: {count:,} row(s)")
        searched.tables += 1


def _search_files(engine: Engine, traces: Traces, searched: Searched) -> None:
    main = Path(str(engine.url.database))
    for path in (main, main.with_name(f"{main.name}-wal")):
        if not path.exists():
            continue
        searched.bytes += path.stat().st_size
        if count := sum(1 for _ in _found(path, traces)):
            searched.found.append(f"file {path.name}: {count:,} place(s)")


def _found(path: Path, traces: Traces) -> Iterator[int]:
    """Where in the file something stands that is looked for; within an overlap it is told twice."""
    shape = _shape(traces.domain)
    with path.open("rb") as file:
        offset, tail = 0, b""
        while chunk := file.read(_CHUNK):
            data = tail + chunk
            for match in shape.finditer(data):
                if any(each in traces.texts for each in _readings(data, match)):
                    yield offset - len(tail) + match.start()
            offset, tail = offset + len(chunk), data[-_OVERLAP:]


def _shape(domain: str) -> re.Pattern[bytes]:
    """Everything that could be a text of a unit: one pass finds them all, however many."""
    shapes = [
        rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        rb"[0-9a-f]{64}",
        rb'"(?:externalId|userName)":"(?:[^"\\]|\\.){1,512}"',
    ]
    if domain:
        shapes.append(b"(?i:@" + re.escape(domain.encode()) + b")")
    return re.compile(b"|".join(shapes))


def _readings(data: bytes, match: re.Match[bytes]) -> Iterator[bytes]:
    """What the bytes at a match could mean."""
    text = match[0]
    yield text
    if text.startswith(b'"userName":"'):
        yield text.removeprefix(b'"userName":"')[:-1].lower()
    if text.startswith(b"@"):
        yield from _logins(data, match)


def _logins(data: bytes, match: re.Match[bytes]) -> Iterator[bytes]:
    """The logins that may end here: nothing separates the columns of a row in a file."""
    end = match.end()
    for start in range(match.start() - 1, max(0, match.start() - _LOGIN) - 1, -1):
        if not 0x20 < data[start] < 0x7F:
            return
        before = data[max(0, start - 4) : start]
        if not re.search(rb"[\w.+'-]\Z", before) or before == b"User":
            yield data[start:end].lower()
