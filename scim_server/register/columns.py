"""The declared column map of a feed: which columns are read, and under which headers."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from scim_server.errors import BadInput, Problem


@dataclass(frozen=True, slots=True)
class Column:
    """One logical field and the headers under which files call it, the usual one first."""

    field: str
    headers: tuple[str, ...]
    required: bool


@dataclass(frozen=True, slots=True)
class Match:
    """Where a file has the mapped columns: field → position, and field → header to report."""

    positions: Mapping[str, int]
    labels: Mapping[str, str]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class FileMap:
    """The columns of one file. ``file`` is its name in an export."""

    file: str
    columns: tuple[Column, ...]

    def match(self, headers: Sequence[str], line: int = 1) -> Match:
        """Find the mapped columns among ``headers``, which stand in ``line`` of the file.

        A required column that is missing and a column that is there twice are problems. Labels
        are headers of the map, never text of the file: a file may have no header row at all.
        """
        places: dict[str, list[int]] = {}
        for place, header in enumerate(headers):
            places.setdefault(fold_header(header), []).append(place)
        positions: dict[str, int] = {}
        labels: dict[str, str] = {}
        problems: list[Problem] = []
        for column in self.columns:
            found = [
                (at, name) for name in column.headers for at in places.get(fold_header(name), ())
            ]
            labels[column.field] = found[0][1] if found else column.headers[0]
            if found:
                positions[column.field] = found[0][0]
            if len(found) > 1:
                names = dict.fromkeys(name for _, name in found)
                rule = "the column is there twice: " + ", ".join(names)
                problems.append(Problem(self.file, line, labels[column.field], rule))
            if not found and column.required:
                rule = "no such column; accepted headers: " + ", ".join(column.headers)
                problems.append(Problem(self.file, line, labels[column.field], rule))
        return Match(positions, labels, tuple(problems))


ColumnMap = Mapping[str, FileMap]
"""The files of a feed, by what their rows are: pupils, employees, groups, assignments."""


def fold_header(header: str) -> str:
    """``header`` without case, diacritics, spaces and punctuation."""
    folded = unicodedata.normalize("NFKD", header.casefold()).replace("ł", "l")
    return "".join(sign for sign in folded if sign.isalnum())


@cache
def uonet_columns() -> ColumnMap:
    """The column map of the UONET+ export, as published in ``schemas/feeds/uonet.json``."""
    text = (files("scim_server.schemas") / "feeds" / "uonet.json").read_text(encoding="utf-8")
    return read_column_map(json.loads(text))


def read_column_map(document: Mapping[str, Any]) -> ColumnMap:
    """The column map that ``document`` (the JSON of a feed) declares.

    :raises BadInput: two columns of one file share a header.
    """
    return {kind: _file_map(declared) for kind, declared in document["files"].items()}


def _file_map(declared: Mapping[str, Any]) -> FileMap:
    columns = tuple(
        Column(field, tuple(column["headers"]), column["required"])
        for field, column in declared["columns"].items()
    )
    headers = [fold_header(header) for column in columns for header in column.headers]
    if len(set(headers)) < len(headers):
        raise BadInput(f"The column map of {declared['file']} gives one header to two columns.")
    return FileMap(declared["file"], columns)
