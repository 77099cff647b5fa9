"""People across the rows and files of one export: one key, one login, one person."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from scim_server.register.logins import fold_login
from scim_server.register.problems import Problems
from scim_server.register.readers import Table
from scim_server.register.records import Person
from scim_server.register.rules import FeedTerms
from scim_server.register.surveys import Survey, was_changed


class Complete(NamedTuple):
    """A person of whom every row was read, with all their schools in the unit's order."""

    person: Person
    schools: tuple[str, ...]


class Roster:
    """The people of a unit, pupils before employees, checked against one another."""

    def __init__(
        self, pupils: Survey, employees: Survey, terms: FeedTerms, problems: Problems
    ) -> None:
        self._pupils = pupils
        self._shared_keys = pupils.lines.keys() & employees.lines.keys()
        self._terms = terms
        self._problems = problems
        self._logins: dict[str, _Claim] = {}

    def claim_login(self, table: Table, line: int, key: str, login: str) -> bool:
        """Whether ``login`` is free for ``key``; a login that is taken is a problem of ``line``."""
        claim = _Claim(key, table.name, line)
        earlier = self._logins.setdefault(fold_login(login), claim)
        # Two rows without a readable key are not one person.
        if earlier is claim or (key and earlier.key == key):
            return True
        rule = f"the login is given before, in {earlier.file}:{earlier.line}"
        self._problems.add(table.problem(line, "login", rule))
        return False

    def owns_key(self, table: Table, line: int, key: str) -> bool:
        """Whether ``key`` is a pupil's or an employee's, not both.

        The employee's row has the problem, but neither is right: nobody knows whom an assignment
        of that key means.
        """
        if key not in self._shared_keys:
            return True
        if table.name != self._pupils.file:
            place = f"{self._pupils.file}:{self._pupils.lines[key]}"
            self._problems.add(table.problem(line, "key", f"a pupil has the same key, in {place}"))
        return False

    def gathering(self, table: Table, survey: Survey) -> Gathering:
        """Where the rows of ``table`` are put together."""
        return Gathering(table, survey, self._terms, self._problems)


class _Claim(NamedTuple):
    key: str
    file: str
    line: int


@dataclass(slots=True)
class _Rows:
    """The rows of one person so far. ``first`` is None as long as no good one was met."""

    left: int
    sound: bool = True
    first: Person | None = None
    line: int = 0
    schools: set[str] = field(default_factory=set)


class Gathering:
    """Puts the rows of one key together: a person of two schools has two rows.

    Only people with several rows are held, each until their last row.
    """

    def __init__(self, table: Table, survey: Survey, terms: FeedTerms, problems: Problems) -> None:
        self._table = table
        self._survey = survey
        self._terms = terms
        self._problems = problems
        self._held: dict[str, _Rows] = {}

    def add(self, key: str, line: int, person: Person | None) -> Complete | None:
        """The complete person once this was their last row and all their rows were good.

        ``person`` is None for a bad row. Rows of one key must be equal but for the school, and
        each of another school; a row that is not is a problem.
        """
        count = self._survey.rows(key)
        if count == 1:
            return None if person is None else Complete(person, (person.school,))
        rows = self._held.setdefault(key, _Rows(count))
        rows.left -= 1
        self._merge(rows, line, person)
        if rows.left:
            return None
        del self._held[key]
        if rows.first is None or not rows.sound:
            return None
        return Complete(rows.first, self._terms.in_order(rows.schools))

    def _merge(self, rows: _Rows, line: int, person: Person | None) -> None:
        if person is None:
            rows.sound = False
        elif rows.first is None:
            rows.first, rows.line = person, line
            rows.schools.add(person.school)
        elif replace(person, school=rows.first.school) != rows.first:
            self._refuse(rows, line, "with other data")
        elif person.school in rows.schools:
            self._refuse(rows, line, "with the same school")
        else:
            rows.schools.add(person.school)

    def _refuse(self, rows: _Rows, line: int, how: str) -> None:
        rows.sound = False
        rule = f"the key is given before, in {self._table.name}:{rows.line}, {how}"
        self._problems.add(self._table.problem(line, "key", rule))

    def close(self) -> None:
        """Make sure that nobody is still held.

        :raises BadInput: the file has not the keys that it had when it was surveyed.
        """
        if self._held:
            raise was_changed(self._table)
