"""From the bytes of one file to rows of the mapped columns, one line at a time.

A row is one line. A quoted cell may hold the delimiter and doubled quotes, but no line break: a
quote left open would otherwise swallow the rows that follow it without a trace.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from scim_server.errors import BadInput, BadRecords, Problem
from scim_server.register.cleaning import has_hidden_characters
from scim_server.register.columns import FileMap, Match
from scim_server.register.encodings import codec, detect_encoding
from scim_server.register.exports import Progress, Source

DELIMITERS = (";", ",", "\t")
MAX_LINE = 65_536
"""A line may not be longer than this, in characters."""


class Row(NamedTuple):
    """One line. ``cells`` holds mapped columns only, by field; with problems, the readable ones."""

    line: int
    cells: Mapping[str, str]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One file whose header row was understood."""

    source: Source
    encoding: str
    delimiter: str
    header_line: int
    width: int
    match: Match

    @property
    def name(self) -> str:
        """The file's name, as declared in the column map."""
        return self.source.name

    def problem(self, line: int, field: str, rule: str) -> Problem:
        """The problem that the cell of ``field`` in ``line`` breaks ``rule``."""
        return Problem(self.name, line, self.match.labels.get(field, ""), rule)

    def rows(self, progress: Progress | None = None) -> Iterator[Row]:
        """The rows below the header that are not blank, in their order, read anew at each call.

        :raises BadInput: the bytes can't be read or decoded, or a line is too long.
        """
        for line, text in _lines(self.source, self.encoding, progress):
            if line > self.header_line:
                cells = _split(text, self.delimiter)
                if cells is None:
                    yield Row(line, {}, (Problem(self.name, line, "", _UNSPLIT),))
                elif any(cell and not cell.isspace() for cell in cells):
                    yield self._row(line, cells)

    def _row(self, line: int, cells: list[str]) -> Row:
        if len(cells) != self.width:
            rule = f"has {len(cells)} cells where the header has {self.width}"
            return Row(line, {}, (Problem(self.name, line, "", rule),))
        picked = {field: cells[place] for field, place in self.match.positions.items()}
        hidden = [field for field, cell in picked.items() if has_hidden_characters(cell)]
        if not hidden:
            return Row(line, picked)
        problems = tuple(self.problem(line, field, _HIDDEN) for field in hidden)
        return Row(line, {name: picked[name] for name in picked if name not in hidden}, problems)


_UNSPLIT = "can't be split into cells: a quoted cell is not closed on its line, or text follows it"
_HIDDEN = "holds a control character or one that can't be seen"


def open_table(
    source: Source, columns: FileMap, *, encoding: str | None = None, delimiter: str | None = None
) -> Table:
    """The table in ``source``; encoding and delimiter are detected unless they are given.

    :raises BadInput: the file can't be read, or ``encoding`` or ``delimiter`` is unknown.
    :raises BadRecords: the header row lacks a required column or has a column twice.
    """
    encoding = encoding or detect_encoding(source.chunks(), source.name)
    if delimiter is not None and delimiter not in DELIMITERS:
        raise BadInput("The delimiter must be a semicolon, a comma or a tab.")
    for line, text in _lines(source, encoding):
        headers = {
            sign: _split(text, sign) or [] for sign in ((delimiter,) if delimiter else DELIMITERS)
        }
        matches = {sign: columns.match(headers[sign], line) for sign in headers}
        best = max(matches, key=lambda sign: (len(matches[sign].positions), len(headers[sign])))
        if matches[best].problems:
            raise BadRecords(matches[best].problems)
        return Table(source, encoding, best, line, len(headers[best]), matches[best])
    raise BadRecords([Problem(source.name, 1, "", "the file is empty; a header row must be there")])


def _lines(
    source: Source, encoding: str, progress: Progress | None = None
) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers from 1."""
    try:
        with (
            source.open(progress) as raw,
            io.TextIOWrapper(raw, encoding=codec(encoding), newline="") as text,
        ):
            number = 0
            while line := text.readline(MAX_LINE):
                number += 1
                if len(line) == MAX_LINE and not line.endswith(("\n", "\r")):
                    raise BadInput(
                        f"{source.name}:{number}: a line is longer than {MAX_LINE:,} characters; "
                        "this is no table with one record a line."
                    )
                if not line.isspace():
                    yield number, line
    except UnicodeDecodeError:
        # The error itself carries the bytes that it could not decode.
        raise BadInput(f"{source.name} is not in the encoding {encoding}.") from None


def _split(line: str, delimiter: str) -> list[str] | None:
    """The cells of ``line``, or None if its quotes are wrong."""
    try:
        return next(csv.reader((line,), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
