"""Made-up records and exports for the tests of the register."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from scim_server.directory.drafts import Assignment, Draft
from scim_server.errors import Problem
from scim_server.register.columns import uonet_columns
from scim_server.register.feed import read_feed
from scim_server.register.rules import FeedTerms

TODAY = date(2026, 11, 24)
DOMAIN = "sp12.example.pl"

Cells = Mapping[str, str]


def terms(**changes: Any) -> FeedTerms:
    """The terms of a unit with one school, changed as asked."""
    return FeedTerms(**{"domain": DOMAIN, "schools": ("SP 12",), "today": TODAY, **changes})


def pesel(born: date, serial: int = 1234) -> str:
    """The number of someone born on ``born``; the offset of the month tells the century."""
    offset = {1800: 80, 1900: 0, 2000: 20, 2100: 40, 2200: 60}[born.year // 100 * 100]
    digits = f"{born.year % 100:02}{born.month + offset:02}{born.day:02}{serial:04}"
    total = sum(w * int(d) for w, d in zip((1, 3, 7, 9) * 3, digits, strict=False))
    return digits + str(-total % 10)


def pupil(number: int = 1, /, **cells: str) -> Cells:
    """A good pupil's row, changed as asked."""
    return {
        "key": f"U-{number}",
        "given_name": "Zofia",
        "family_name": "Źrebiec",
        "login": f"zofia.zrebiec{number}",
        **cells,
    }


def employee(number: int = 1, /, **cells: str) -> Cells:
    """A good employee's row, changed as asked."""
    return {
        "key": f"P-{number}",
        "given_name": "Łukasz",
        "family_name": "Gąsior",
        "login": f"lukasz.gasior{number}",
        **cells,
    }


def group(number: int = 1, /, **cells: str) -> Cells:
    """A good row of a whole class, changed as asked."""
    return {
        "key": f"G-{number}",
        "subject": "Matematyka rozszerzona",
        "classes": f"{number}A",
        "school_year": "2026/2027",
        **cells,
    }


def seat(group: str = "G-1", person: str = "U-1") -> Cells:
    """A good assignment, changed as asked."""
    return {"group": group, "person": person}


def table(kind: str, rows: Iterable[Cells], delimiter: str = ";") -> str:
    """The text of a file with every mapped column, under the usual headers."""
    columns = uonet_columns()[kind].columns
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow([column.headers[0] for column in columns])
    writer.writerows([[row.get(column.field, "") for column in columns] for row in rows])
    return out.getvalue()


def write_export(
    folder: Path,
    *,
    pupils: Iterable[Cells] = (),
    employees: Iterable[Cells] = (),
    groups: Iterable[Cells] = (),
    assignments: Iterable[Cells] = (),
    encoding: str = "utf-8",
    delimiter: str = ";",
) -> Path:
    """Write the four files of an export into ``folder``."""
    folder.mkdir(exist_ok=True)
    kinds = {
        "pupils": pupils,
        "employees": employees,
        "groups": groups,
        "assignments": assignments,
    }
    for kind, rows in kinds.items():
        data = table(kind, rows, delimiter).encode(encoding)
        (folder / uonet_columns()[kind].file).write_bytes(data)
    return folder


def zipped(folder: Path, prefix: str = "") -> Path:
    """The files of ``folder`` in a zip, each under ``prefix``."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in sorted(folder.iterdir()):
            archive.write(entry, prefix + entry.name)
    return path


@dataclass(frozen=True)
class Taken:
    """Everything that one reading handed out."""

    people: list[Draft]
    groups: list[Draft]
    assignments: list[Assignment]
    problems: tuple[Problem, ...]

    @property
    def keys(self) -> list[str]:
        """External ids of people and groups."""
        return [draft.external_id for draft in [*self.people, *self.groups]]

    @property
    def group_names(self) -> dict[str, str]:
        """The display name of each group by its key."""
        return {draft.external_id: draft.document["displayName"] for draft in self.groups}


def take(path: Path, **changes: Any) -> Taken:
    """Read the export at ``path`` to its end, under changed terms."""
    feed = read_feed(path, terms=terms(**changes))
    people, groups = list(feed.people()), list(feed.groups())
    return Taken(people, groups, list(feed.assignments()), feed.problems)


def problems_of(folder: Path, **parts: Any) -> tuple[Problem, ...]:
    """The problems of an export with these rows; other arguments change the terms."""
    kinds = ("pupils", "employees", "groups", "assignments")
    rows = {kind: parts.pop(kind) for kind in kinds if kind in parts}
    return take(write_export(folder / "export", **rows), skip_invalid=True, **parts).problems
