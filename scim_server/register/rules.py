"""What a unit expects of its export, and how a broken rule is said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from scim_server.directory.principal_names import MAX_DOMAIN
from scim_server.errors import BadInput

_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))+")


class BrokenRule(ValueError):
    """``str()`` is the rule that a cell breaks, never the cell's value."""


@dataclass(frozen=True, slots=True)
class FeedTerms:
    """One unit's terms for one reading of its export.

    ``domain`` follows the login in a UPN. ``schools`` are the keys of the unit's schools.
    ``today`` tells past birth dates from future ones. ``allow_numeric_keys`` lets keys of eleven
    digits pass that look like a PESEL by chance. ``encoding`` and ``delimiter`` are detected
    unless given. ``skip_invalid`` leaves bad records out instead of refusing the whole export.

    :raises BadInput: the domain can't end a UPN, or the schools are none or can't be told apart.
    """

    domain: str
    schools: tuple[str, ...]
    today: date
    allow_numeric_keys: bool = False
    encoding: str | None = None
    delimiter: str | None = None
    skip_invalid: bool = False
    _folded: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.domain) > MAX_DOMAIN or not _DOMAIN.fullmatch(self.domain):
            raise BadInput(
                f"The unit's domain must be a domain name of at most {MAX_DOMAIN} characters, "
                "such as sp12.example.pl; correct it in the unit's settings."
            )
        folded = {_fold_school(school): school for school in self.schools}
        if not folded or "" in folded:
            raise BadInput("The unit has no school with a name; create its schools first.")
        if len(folded) < len(self.schools):
            raise BadInput("Two schools of the unit differ only in case or spaces; rename one.")
        object.__setattr__(self, "_folded", folded)

    def school(self, cell: str) -> str | None:
        """The key of the school that ``cell`` names, without regard to case and spaces."""
        return self._folded.get(_fold_school(cell))

    def in_order(self, schools: Iterable[str]) -> tuple[str, ...]:
        """``schools`` without repetition, in the unit's own order."""
        wanted = frozenset(schools)
        return tuple(school for school in self.schools if school in wanted)


def _fold_school(name: str) -> str:
    return "".join(name.split()).casefold()
