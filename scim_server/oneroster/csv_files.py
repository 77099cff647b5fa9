"""The same roster as files: School Data Sync's V2.1 CSV, for schools that upload them."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from scim_server.audit import record
from scim_server.audit.disclosures import Disclosures
from scim_server.database import Database
from scim_server.directory.roster_conditions import Comparison
from scim_server.directory.roster_records import Ask, Class, Enrolment, Person, Whole
from scim_server.directory.rosters import Rosters
from scim_server.directory.units import Unit, unit_named
from scim_server.errors import BadInput, Refused

COLUMNS = {
    "orgs.csv": ("sourcedId", "name", "type", "parentSourcedId"),
    "users.csv": ("sourcedId", "username", "givenName", "familyName", "activeDirectoryMatchId",
                  "email", "phone", "sms"),
    "roles.csv": ("userSourcedId", "orgSourcedId", "role", "sessionSourcedId", "grade",
                  "isPrimary"),
    "classes.csv": ("sourcedId", "orgSourcedId", "title", "sessionSourcedIds", "courseSourcedId",
                    "code"),
    "enrollments.csv": ("classSourcedId", "userSourcedId", "role"),
}  # fmt: skip
"""The header of each file. What the register hasn't got is empty; a password has no column."""

CLIENT = "sds-csv"
"""What stands for whoever gets the files where it is told who was given a record."""

_PAGE = 5_000
_ACTIVE = ((Comparison("status", "=", "active"),),)

Found = TypeVar("Found", Person, Class, Enrolment)
Known = TypeVar("Known", Person, Class)


def write_files(
    database: Database, of: Unit, folder: Path, *, now: datetime, actor: str
) -> dict[str, int]:
    """Write the five files into the new ``folder``, for its owner alone; returns how many rows
    each has.

    They hold the schools that publish and the people and classes that are active, who are noted as
    disclosed to :data:`CLIENT`. Raises
    :class:`~scim_server.errors.BadInput` where there is something of that name, or nothing can be
    written, and :class:`~scim_server.errors.Refused` while no school publishes, or where the unit
    changed meanwhile; no folder is left then.
    """
    if not of.publishes:
        raise Refused(
            f"No school of the unit publishes: a director has to decide first. Run: scim-server "
            f"consent {of.name} on --by NAME"
        )
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise BadInput(f"{folder} can't be made: {error.strerror}. Name a new folder.") from None
    try:
        given: set[int] = set()
        counts = {
            name: _write(folder / name, COLUMNS[name], rows)
            for name, rows in _rows(Rosters(database), of, given).items()
        }
        with database.write() as connection:
            if unit_named(connection, of.name).change != of.change:
                raise Refused("The unit was changed meanwhile; nothing was written. Run it again.")
            # They are in the files already: whose note fails hasn't got the files either.
            disclosures = Disclosures(database, lambda: now, lambda *_: ())
            disclosures.note(of.id, CLIENT, sorted(given))
            disclosures.write()
            facts = {name.removesuffix(".csv"): count for name, count in counts.items()}
            record(connection, at=now, action="sds.csv", actor=actor, unit=of.name, facts=facts)
    except BaseException as error:
        shutil.rmtree(folder)
        if isinstance(error, OSError):
            raise BadInput(f"{folder} can't be written: {error.strerror}.") from None
        raise
    return counts


def _rows(rosters: Rosters, of: Unit, given: set[int]) -> dict[str, Iterator[Iterable[str]]]:
    """The rows of each file. Whoever is told of is added to ``given`` by ``seq``."""
    whole = rosters.whole(of.id)
    orgs = {each.key: each.id for each in whole.schools}

    def people() -> Iterator[Person]:
        return _noted(_all(whole, rosters.people), given)

    return {
        "orgs.csv": _orgs(whole),
        "users.csv": (
            (each.id, each.login, each.document["name"]["givenName"],
             each.document["name"]["familyName"], "", each.login, _phone(each), "")
            for each in people()
        ),
        "roles.csv": (
            (each.id, orgs[key], _role(each.is_pupil), "", "", "false" if place else "true")
            for each in people()
            for place, key in enumerate(each.schools)
        ),
        "classes.csv": (
            (each.id, orgs[each.schools[0]], each.document["displayName"], "", "", "")
            for each in _noted(_all(whole, rosters.classes), given)
        ),
        "enrollments.csv": (
            (each.class_id, each.person_id, _role(each.is_pupil))
            for each in _all(whole, rosters.enrolments)
        ),
    }  # fmt: skip


def _orgs(whole: Whole) -> Iterator[Iterable[str]]:
    yield whole.id, whole.name, "district", ""
    for each in whole.schools:
        yield each.id, each.name, "school", whole.id


def _all(whole: Whole, read: Callable[[Whole, Ask], tuple[list[Found], int]]) -> Iterator[Found]:
    offset = 0
    while page := read(whole, Ask(_ACTIVE, _PAGE, offset))[0]:
        yield from page
        offset += _PAGE


def _noted(found: Iterator[Known], given: set[int]) -> Iterator[Known]:
    for each in found:
        given.add(each.seq)
        yield each


def _phone(person: Person) -> str:
    phones: list[dict[str, Any]] = person.document.get("phoneNumbers", [])
    return str(phones[0]["value"]) if person.is_pupil and phones else ""


def _role(is_pupil: bool) -> str:
    return "student" if is_pupil else "teacher"


def _write(path: Path, header: tuple[str, ...], rows: Iterable[Iterable[str]]) -> int:
    count = 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w",
                   encoding="utf-8", newline="") as file:  # fmt: skip
        writer = csv.writer(file)
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count
