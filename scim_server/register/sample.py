"""An export of a made-up school or city, to try the program and to measure it.

The files look like those of an older register: Windows-1250, semicolons, all Polish letters,
second names that are not to be read, pupils without a phone or an e-mail address.
"""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from scim_server.errors import BadInput
from scim_server.register import sample_names as names
from scim_server.register.columns import uonet_columns

ONE_SCHOOL = 800
"""Up to so many pupils make one school unless schools are given; more make a city."""

_SCHOOL_SIZE = 600
_CLASS_SIZE = 25
_SECOND_NAME = "Drugie imię"
_TO_LATIN = str.maketrans("ąćęłńóśźż", "acelnoszz")


def write_sample(
    path: Path,
    pupils: int,
    seed: int,
    schools: tuple[str, ...] | None = None,
    *,
    school_year: str = "2026/2027",
) -> tuple[str, ...]:
    """Write the four files of an export into the folder ``path`` and return its schools' keys.

    The same arguments give the same bytes. A tenth as many teachers as pupils are added, some of
    whom work in two schools, and about ten memberships a pupil. The school column is written
    where there is more than one school.

    :raises BadInput: there are fewer pupils than schools or none, or the folder holds such a file.
    """
    schools = schools or _schools(pupils)
    if pupils < len(schools):
        raise BadInput("A sample needs at least one pupil in each school.")
    path.mkdir(parents=True, exist_ok=True)
    present = [at.file for at in uonet_columns().values() if (path / at.file).exists()]
    if present:
        raise BadInput(f"The folder already holds {', '.join(present)}; name another one.")
    with ExitStack() as stack:
        tables = {
            kind: _Writer(stack, path / mapped.file, kind, len(schools) > 1)
            for kind, mapped in uonet_columns().items()
        }
        city = _City(tables, seed, school_year)
        guests: list[_Person] = []
        for at, school in enumerate(schools):
            size = pupils // len(schools) + (at < pupils % len(schools))
            guests = city.write_school(school, size, guests)
    return schools


def _schools(pupils: int) -> tuple[str, ...]:
    if pupils <= ONE_SCHOOL:
        return ("SP 1",)
    count = max(2, round(pupils / _SCHOOL_SIZE))
    secondary = count // 4
    return (
        *(f"SP {number}" for number in range(1, count - secondary + 1)),
        *(f"LO {number}" for number in range(1, secondary + 1)),
    )


class _Person(NamedTuple):
    key: str
    given_name: str
    family_name: str
    login: str
    is_female: bool


class _Group(NamedTuple):
    subject: str
    group_name: str
    classes: tuple[str, ...]
    members: list[_Person]


class _Writer:
    """One file of the export, under the usual headers of the column map."""

    def __init__(self, stack: ExitStack, path: Path, kind: str, with_school: bool) -> None:
        self._headers = {
            column.field: column.headers[0]
            for column in uonet_columns()[kind].columns
            if with_school or column.field != "school"
        }
        if kind == "pupils":
            self._headers["second_name"] = _SECOND_NAME
        stream = path.open("x", encoding="windows-1250", newline="")
        self._rows = csv.writer(stack.enter_context(stream), delimiter=";")
        self._rows.writerow(self._headers.values())

    def write(self, cells: Mapping[str, str]) -> None:
        self._rows.writerow([cells.get(field, "") for field in self._headers])


class _City:
    """Writes school after school, so that only one school is in memory."""

    def __init__(self, tables: Mapping[str, _Writer], seed: int, school_year: str) -> None:
        self._tables = tables
        self._school_year = school_year
        # The same seed must give the same school; nothing here is secret.
        self._random = random.Random(seed)  # noqa: S311
        self._first_key = self._random.getrandbits(32)
        self._keys = 0
        self._logins: Counter[str] = Counter()

    def write_school(self, school: str, size: int, guests: list[_Person]) -> list[_Person]:
        """Write a school; ``guests`` work here too. Returns those who go on to the next school."""
        pupils = [self._person("U") for _ in range(size)]
        teachers = [self._person("P", may_be_ukrainian=False) for _ in range(max(1, size // 10))]
        for pupil in pupils:
            self._tables["pupils"].write({**_cells(pupil), **self._extras(pupil), "school": school})
        for teacher in [*teachers, *guests]:
            self._tables["employees"].write({**_cells(teacher), "school": school})
        self._write_groups(school, pupils, [*teachers, *guests])
        return teachers[::20]

    def _write_groups(self, school: str, pupils: list[_Person], teachers: list[_Person]) -> None:
        for at, group in enumerate(_groups(_classes(school, pupils), _kind(school))):
            if not group.members:
                continue
            key = self._key("G")
            self._tables["groups"].write(
                {
                    "key": key,
                    "subject": group.subject,
                    "classes": ", ".join(group.classes),
                    "group_name": group.group_name,
                    "school_year": self._school_year,
                    "school": school,
                }
            )
            team = {teachers[at % len(teachers)].key}
            if self._random.random() < 0.1:
                team.add(self._random.choice(teachers).key)
            for person in [*sorted(team), *(pupil.key for pupil in group.members)]:
                self._tables["assignments"].write({"group": key, "person": person})

    def _key(self, letter: str) -> str:
        # An odd factor walks through all 32-bit numbers before one comes again.
        self._keys += 1
        return f"{letter}-{(self._first_key + self._keys * 2_654_435_761) % 2**32:08x}"

    def _person(self, letter: str, *, may_be_ukrainian: bool = True) -> _Person:
        draw = self._random
        is_female = draw.random() < 0.5
        if may_be_ukrainian and draw.random() < 0.06:
            given = draw.choice(
                names.UKRAINIAN_FEMALE_NAMES if is_female else names.UKRAINIAN_MALE_NAMES
            )
            family = draw.choice(names.UKRAINIAN_SURNAMES)
        else:
            given = draw.choice(names.FEMALE_NAMES if is_female else names.MALE_NAMES)
            family = self._polish_surname(is_female)
        login = self._login(given, family)
        return _Person(self._key(letter), given, family, login, is_female)

    def _polish_surname(self, is_female: bool) -> str:
        draw = self._random
        # The first people have the capital letters that are rare, whatever the seed.
        if self._keys < len(names.CAPITAL_SURNAMES):
            return names.CAPITAL_SURNAMES[self._keys]
        if draw.random() < 0.01:
            return draw.choice(names.CAPITAL_SURNAMES)
        surname = draw.choice(names.SURNAMES)[not is_female]
        if is_female and draw.random() < 0.05:
            return f"{surname}-{draw.choice(names.SURNAMES)[0]}"
        return surname

    def _login(self, given_name: str, family_name: str) -> str:
        login = f"{given_name}.{family_name}".lower().translate(_TO_LATIN)
        self._logins[login] += 1
        count = self._logins[login]
        return login if count == 1 else f"{login}{count}"

    def _extras(self, pupil: _Person) -> dict[str, str]:
        draw = self._random
        extras = {}
        if draw.random() < 0.7:
            extras["phone"] = self._phone()
        if draw.random() < 0.6:
            extras["email"] = f"{pupil.login}@{draw.choice(names.MAIL_HOSTS)}"
        if draw.random() < 0.3:
            given = names.FEMALE_NAMES if pupil.is_female else names.MALE_NAMES
            extras["second_name"] = draw.choice(given)
        return extras

    def _phone(self) -> str:
        digits = self._random.choice(names.PHONE_PREFIXES)
        digits += f"{self._random.randrange(10**7):07}"
        three = " ".join((digits[:3], digits[3:6], digits[6:]))
        return self._random.choice((digits, three, three.replace(" ", "-"), f"+48 {three}"))


def _cells(person: _Person) -> dict[str, str]:
    return {
        "key": person.key,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "login": person.login,
    }


def _kind(school: str) -> str:
    return "LO" if school.startswith("LO") else "SP"


def _classes(school: str, pupils: list[_Person]) -> dict[str, list[_Person]]:
    """The pupils by class, the classes of one year side by side."""
    levels = 4 if _kind(school) == "LO" else 8
    count = -(-len(pupils) // _CLASS_SIZE)
    labels = sorted((at % levels + 1, at // levels) for at in range(count))
    classes: dict[str, list[_Person]] = {_label(level, at): [] for level, at in labels}
    for at, members in enumerate(classes.values()):
        members.extend(pupils[at::count])
    return classes


def _label(level: int, at: int) -> str:
    """1A to 1Z, then 1A1 to 1Z1 and so on."""
    return f"{level}{chr(ord('A') + at % 26)}{at // 26 or ''}"


def _groups(classes: Mapping[str, list[_Person]], kind: str) -> Iterator[_Group]:
    for label, pupils in classes.items():
        for subject in names.WHOLE_CLASS_SUBJECTS[kind]:
            yield _Group(subject, "", (label,), pupils)
        for splits in names.CLASS_GROUPS:
            for at, split in enumerate(splits):
                yield _Group(*split, (label,), pupils[at :: len(splits)])
    for pair in _pairs(classes):
        together = [pupil for label in pair for pupil in classes[label]]
        girls = [pupil for pupil in together if pupil.is_female]
        boys = [pupil for pupil in together if not pupil.is_female]
        for split, members in zip(names.PHYSICAL_EDUCATION, (girls, boys), strict=True):
            yield _Group(*split, pair, members)
        for at, split in enumerate(names.SECOND_LANGUAGES):
            yield _Group(*split, pair, together[at :: len(names.SECOND_LANGUAGES)])


def _pairs(classes: Iterable[str]) -> Iterator[tuple[str, ...]]:
    labels = tuple(classes)
    for at in range(0, len(labels), 2):
        yield labels[at : at + 2]
