"""One reading of a UONET+ export: files in, drafts and assignments out, in bounded memory.

Every file but the assignments is read twice: its keys first, then its records one by one. What
stays in memory is keys, logins and the names of groups, never the records of a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from pathlib import Path
from typing import NamedTuple

from scim_server.directory.drafts import Assignment, Draft
from scim_server.errors import BadRecords, Problem
from scim_server.register import publication
from scim_server.register.cleaning import clean
from scim_server.register.columns import ColumnMap, uonet_columns
from scim_server.register.exports import Progress, find_sources
from scim_server.register.group_names import (
    MAX_DISPLAY_NAME,
    display_names,
    fold,
    nameable,
)
from scim_server.register.people import Roster
from scim_server.register.problems import Problems
from scim_server.register.readers import Row, Table, open_table
from scim_server.register.records import (
    EmployeeSchema,
    Group,
    GroupSchema,
    MembershipSchema,
    Person,
    PupilSchema,
    RecordSchema,
    load,
)
from scim_server.register.rules import FeedTerms
from scim_server.register.surveys import KeyShares, Survey, survey, was_changed


class Reading(NamedTuple):
    """How one file was read."""

    file: str
    encoding: str
    delimiter: str


def read_feed(
    path: Path,
    *,
    terms: FeedTerms,
    progress: Progress | None = None,
    columns: ColumnMap | None = None,
) -> Feed:
    """Open the export (a folder or a zip) at ``path`` and take a first look at its keys.

    ``progress`` is called while the records are read. ``columns`` replaces the published map.

    :raises BadInput: a file is missing or can't be read, or its keys are PESEL numbers.
    :raises BadRecords: header rows lack required columns or have a column twice. This stops the
        reading also where bad records may be left out, since it would leave out all of them.
    """
    columns = columns or uonet_columns()
    sources = find_sources(path, [columns[kind].file for kind in columns])
    tables: dict[str, Table] = {}
    problems: list[Problem] = []
    for kind, mapped in columns.items():
        try:
            tables[kind] = open_table(
                sources[mapped.file],
                mapped,
                encoding=terms.encoding,
                delimiter=terms.delimiter,
            )
        except BadRecords as bad:
            problems.extend(bad.problems)
    if problems:
        raise BadRecords(problems)
    return Feed(tables, terms, progress)


class Feed:
    """An export being read. Take :meth:`people`, :meth:`groups` and :meth:`assignments` in this
    order, each once and to its end.

    By default the end of :meth:`assignments` raises ``BadRecords`` if anything was found in any
    file, so a caller must not keep what it took before that end. With ``terms.skip_invalid`` bad
    records are left out and listed, with the assignments that name them.
    """

    def __init__(
        self, tables: dict[str, Table], terms: FeedTerms, progress: Progress | None = None
    ) -> None:
        self._tables = tables
        self._terms = terms
        self._progress = progress
        self._problems = Problems()
        self._surveys = {
            kind: survey(tables[kind], terms) for kind in ("pupils", "employees", "groups")
        }
        self._people: set[str] = set()
        self._groups: set[str] = set()

    @property
    def readings(self) -> tuple[Reading, ...]:
        """How each file was read, in the order of the files."""
        return tuple(
            Reading(table.name, table.encoding, table.delimiter) for table in self._tables.values()
        )

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The first 1,000 problems found so far, and a line that counts the others."""
        return self._problems.listed()

    @property
    def problem_count(self) -> int:
        """How many problems were found so far."""
        return self._problems.count

    @property
    def unkeyed_rows(self) -> int:
        """Rows of people and groups whose key can't be read, so nobody knows whom they mean."""
        return sum(each.unkeyed for each in self._surveys.values())

    @property
    def left_out_people(self) -> Set[str]:
        """Keys of people who are in the files, but not among the drafts handed out so far."""
        pupils, employees = self._surveys["pupils"], self._surveys["employees"]
        return (pupils.lines.keys() | employees.lines.keys()) - self._people

    @property
    def left_out_groups(self) -> Set[str]:
        """Keys of groups that are in the files, but not among the drafts handed out so far."""
        return self._surveys["groups"].lines.keys() - self._groups

    def people(self) -> Iterator[Draft]:
        """Users: pupils in the order of their file (of their last row), then employees."""
        roster = Roster(
            self._surveys["pupils"], self._surveys["employees"], self._terms, self._problems
        )
        yield from self._people_of("pupils", PupilSchema(self._terms), publication.pupil, roster)
        yield from self._people_of(
            "employees", EmployeeSchema(self._terms), publication.employee, roster
        )

    def _people_of(
        self,
        kind: str,
        schema: RecordSchema[Person],
        publish: Callable[[Person, str, tuple[str, ...]], Draft],
        roster: Roster,
    ) -> Iterator[Draft]:
        table = self._tables[kind]
        gathering = roster.gathering(table, self._surveys[kind])
        for row in table.rows(self._progress):
            key = clean(row.cells.get("key", ""))
            person = self._person(schema, table, row, key, roster)
            complete = gathering.add(key, row.line, person) if key else None
            if complete is not None:
                self._people.add(key)
                yield publish(complete.person, self._terms.domain, complete.schools)
        gathering.close()

    def _person(
        self, schema: RecordSchema[Person], table: Table, row: Row, key: str, roster: Roster
    ) -> Person | None:
        loaded = load(schema, table, row)
        self._problems.extend(loaded.problems)
        person = loaded.record
        # A bad row still holds its login: the next who claims it is told now, not next time.
        login = person.login if person else loaded.cells.get("login")
        is_free = login is None or roster.claim_login(table, row.line, key, login)
        is_own = roster.owns_key(table, row.line, key)
        return person if is_free and is_own else None

    def groups(self) -> Iterator[Draft]:
        """Groups, in the order of their file."""
        table, keys = self._tables["groups"], self._surveys["groups"]
        schema = GroupSchema(self._terms)
        taught = (
            nameable(loaded.record)
            for row in table.rows()
            if (loaded := load(schema, table, row)).record and keys.rows(loaded.record.key) == 1
        )
        names = display_names(taught, name_schools=len(self._terms.schools) > 1)
        taken: set[str] = set()
        for row in table.rows(self._progress):
            loaded = load(schema, table, row)
            self._problems.extend(loaded.problems)
            group = loaded.record
            if group is not None and self._may_be_named(table, row, group, names, taken):
                self._groups.add(group.key)
                yield publication.group(group, names[group.key])

    def _may_be_named(
        self, table: Table, row: Row, group: Group, names: dict[str, str], taken: set[str]
    ) -> bool:
        """Whether the group's key and display name are its own; what isn't is a problem."""
        keys = self._surveys["groups"]
        name = names.get(group.key)
        if name is None and keys.rows(group.key) < 2:
            raise was_changed(table)
        if name is None:
            # No row of a key that comes twice is taken, but the first one is not to blame.
            first = keys.lines[group.key]
            if row.line != first:
                rule = f"the key is given before, in {keys.file}:{first}"
                self._problems.add(table.problem(row.line, "key", rule))
        elif len(name) > MAX_DISPLAY_NAME:
            rule = f"makes a display name longer than {MAX_DISPLAY_NAME} characters"
            self._problems.add(table.problem(row.line, "subject", rule))
        elif fold(name) in taken:
            rule = "makes a display name that another group has"
            self._problems.add(table.problem(row.line, "subject", rule))
        else:
            taken.add(fold(name))
            return True
        return False

    def assignments(self) -> Iterator[Assignment]:
        """Memberships, in the order of their file. The same one may come more than once.

        :raises BadRecords: at the end, unless bad records may be left out.
        :raises BadInput: at the end, if keys in the file are PESEL numbers.
        """
        table = self._tables["assignments"]
        schema = MembershipSchema(self._terms)
        shares = KeyShares(table, ("group", "person"), self._terms)
        for row in table.rows(self._progress):
            cells = {field: clean(cell) for field, cell in row.cells.items()}
            if not row.problems:
                shares.count(cells)
                # Keys that were handed out are known to be good: a million of these rows need
                # no schema.
                if cells["group"] in self._groups and cells["person"] in self._people:
                    yield Assignment(cells["group"], cells["person"])
                    continue
            self._problems.extend(self._broken_assignment(schema, table, row))
        shares.refuse_pesel()
        if not self._terms.skip_invalid:
            self._problems.refuse()

    def _broken_assignment(
        self, schema: MembershipSchema, table: Table, row: Row
    ) -> Iterator[Problem]:
        """Why an assignment can't be handed out."""
        loaded = load(schema, table, row)
        yield from loaded.problems
        if loaded.record is None:
            return
        for field, key, known, surveys in (
            ("group", loaded.record.group, self._groups, (self._surveys["groups"],)),
            ("person", loaded.record.person, self._people, self._people_surveys()),
        ):
            if key in known:
                continue
            if not any(key in seen.lines for seen in surveys):
                files = " or ".join(seen.file for seen in surveys)
                yield table.problem(row.line, field, f"no record in {files} has this key")
            elif self._terms.skip_invalid:
                # Otherwise the record's own problem is enough to be told.
                yield table.problem(row.line, field, "its record was left out")

    def _people_surveys(self) -> tuple[Survey, Survey]:
        return self._surveys["pupils"], self._surveys["employees"]
