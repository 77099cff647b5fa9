"""A made-up directory of any size, put into the store by the product's own way in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from scim_server.clock import stamp, system_clock
from scim_server.database import Database
from scim_server.directory.consent import decide
from scim_server.directory.drafts import Assignment, Draft
from scim_server.directory.staging import Staging
from scim_server.directory.units import add_unit, unit_named

UNIT = "bench"
SCHOOL, LATE = "bench", "late"
CHANGED = 200
CLASS_SIZE = 30
YEAR_SIZE = 300
BIG = 50_000
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
UONET = "urn:scim-server:schemas:uonet:1.0:Group"

_GIVEN = ("Anna", "Jan", "Zofia", "Piotr", "Łucja", "Michał", "Żaneta", "Paweł", "Ewa", "Adam")
_FAMILY = ("Kowalska", "Nowak", "Wiśniewska", "Żółć", "Kamińska", "Zając", "Dąbrowska", "Król")


def login(number: int) -> str:
    return f"user{number:06d}@bench.example.pl"


def names(number: int) -> tuple[str, str]:
    """A given name and a family name."""
    given = _GIVEN[number % len(_GIVEN)]
    return given, f"{_FAMILY[number % len(_FAMILY)]}-{number // 80:04d}"


def users(count: int) -> Iterator[Draft]:
    """``count`` pupils, each with a phone and an e-mail address: about 0.8 kB of JSON."""
    for number in range(count):
        given, family = names(number)
        document = {
            "schemas": [USER],
            "externalId": f"U-{number:06d}",
            "userName": login(number),
            "name": {
                "formatted": f"{given} {family}",
                "familyName": family,
                "givenName": given,
            },
            "displayName": f"{given} {family}",
            "active": True,
            "userType": "Student",
            "phoneNumbers": [{"value": f"+48600{number:06d}", "type": "mobile"}],
            "emails": [{"value": f"u{number:06d}@mail.example.com", "type": "home"}],
        }
        yield Draft("User", f"U-{number:06d}", document, (SCHOOL,))


def group_sizes(count: int) -> list[tuple[str, int]]:
    """Names and sizes: three small groups and six larger ones for each user, and one big one."""
    small = [(f"Grupa {number:05d}", CLASS_SIZE) for number in range(count // 10)]
    large = [(f"Rocznik {number:05d}", YEAR_SIZE) for number in range(count // 50)]
    return [*small, *large, ("Wszyscy", min(count, BIG))]


def groups(count: int) -> Iterator[Draft]:
    """The groups of :func:`group_sizes`, and one of a school that decides later."""
    named = [(f"G-{number:06d}", name, SCHOOL) for number, (name, _) in
             enumerate(group_sizes(count))]  # fmt: skip
    for key, name, school in [*named, ("G-late", "Późniejsza", LATE)]:
        document = {
            "schemas": [GROUP, UONET],
            "externalId": key,
            "displayName": f"{name} – 2026/27",
            UONET: {
                "subject": "Matematyka",
                "classes": ["1A"],
                "schoolYear": "2026/27",
                "school": school,
                "active": True,
            },
        }
        yield Draft("Group", key, document, (school,))


def assignments(count: int) -> Iterator[Assignment]:
    for number, (_, size) in enumerate(group_sizes(count)):
        for place in range(min(size, count)):
            member = (number * size + place) % count
            yield Assignment(f"G-{number:06d}", f"U-{member:06d}")
    for member in range(CHANGED):
        yield Assignment("G-late", f"U-{member * (count // CHANGED):06d}")


def fill(database: Database, count: int) -> str:
    """Fill an empty database with the unit; :data:`CHANGED` users were changed after the time
    that is returned.
    """
    now = system_clock()
    with database.write() as connection:
        unit = add_unit(
            connection,
            name=UNIT,
            domain="bench.example.pl",
            schools=(SCHOOL, LATE),
            now=now,
            actor="bench",
        )
    with Staging(database, unit) as staging:
        staging.add(users(count))
        staging.add(groups(count))
        staging.assign(assignments(count))
        differences = staging.compare()
        staging.apply(system_clock, actor="bench", facts={}, changed=differences.any)
    with database.write() as connection:
        unit = unit_named(connection, UNIT)
        decide(connection, unit, SCHOOL, True, decided_by="bench", actor="bench", now=now)
    since = system_clock()
    with database.write() as connection:
        unit = unit_named(connection, UNIT)
        later = since + timedelta(milliseconds=1)
        decide(connection, unit, LATE, True, decided_by="bench", actor="bench", now=later)
    return stamp(since)
