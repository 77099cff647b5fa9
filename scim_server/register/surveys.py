"""A first look at the keys of a file, before its records are read.

It is what lets records be handed on one by one: a key that comes once is complete with its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scim_server.errors import BadInput
from scim_server.register.cleaning import clean
from scim_server.register.pesel import KeyShare
from scim_server.register.readers import Table
from scim_server.register.rules import FeedTerms


@dataclass(slots=True)
class Survey:
    """The keys of ``file``: the line where each comes first, how many rows repeat it, and how
    many rows have no key that can be read.
    """

    file: str
    unkeyed: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    repeated: dict[str, int] = field(default_factory=dict)

    def rows(self, key: str) -> int:
        """The number of rows with ``key``."""
        return self.repeated.get(key, int(key in self.lines))


def survey(table: Table, terms: FeedTerms) -> Survey:
    """Read the keys of ``table``.

    :raises BadInput: numeric keys are allowed, but these are PESEL numbers.
    """
    seen = Survey(table.name)
    shares = KeyShares(table, ("key",), terms)
    for row in table.rows():
        key = clean(row.cells.get("key", ""))
        if key:
            shares.count({"key": key})
            if key in seen.lines:
                seen.repeated[key] = seen.rows(key) + 1
            else:
                seen.lines[key] = row.line
        else:
            seen.unkeyed += 1
    shares.refuse_pesel()
    return seen


def was_changed(table: Table) -> BadInput:
    """The failure of a file that differs from what its survey saw."""
    return BadInput(f"{table.name} was changed while it was read; import the export again.")


class KeyShares:
    """How many numeric values in the key columns of ``table`` look like a PESEL."""

    def __init__(self, table: Table, columns: Iterable[str], terms: FeedTerms) -> None:
        self._table = table
        self._applies = terms.allow_numeric_keys
        self._shares = {column: KeyShare(terms.today) for column in columns}

    def count(self, cells: Mapping[str, str]) -> None:
        """Take one row into account."""
        if self._applies:
            for column, share in self._shares.items():
                share.count(cells[column])

    def refuse_pesel(self) -> None:
        """Refuse a column with too many hits for chance; without the setting each hit is refused.

        :raises BadInput: 20 % or more of a column's eleven-digit values look like a PESEL.
        """
        for column, share in self._shares.items():
            if not share.is_by_chance:
                raise BadInput(
                    f"{self._table.name}: {share.pesel} of {share.eleven_digits} eleven-digit "
                    f"values in the column {self._table.match.labels[column]} are PESEL numbers "
                    "(20 % or more); export the register's own keys instead."
                )
