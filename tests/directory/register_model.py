"""A register that lives: people come, go, marry and change schools; and what has to be served."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

from tests.school import DOMAIN, SCHOOLS

FAMILIES = ("Łęcka", "Żółć", "Szewczenko", "Kowalska", "Ćwikła", "Nowak", "Gęś", "Źrebak")
GIVEN = ("Żaneta", "Jan", "Ołena", "Anna", "Łucja", "Św")
UONET = "urn:scim-server:schemas:uonet:1.0:Group"


@dataclass(frozen=True)
class Person:
    kind: str  # Student or Employee
    given: str
    family: str
    login: str
    schools: frozenset[str]
    phone: str = ""
    email: str = ""


@dataclass(frozen=True)
class Group:
    subject: str
    classes: str
    school: str
    year: str = "2026/2027"


@dataclass
class Register:
    """What the files say now, and ``change`` makes them say something else."""

    chance: random.Random
    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    seats: set[tuple[str, str]] = field(default_factory=set)
    left: dict[str, Person] = field(default_factory=dict)
    closed: dict[str, Group] = field(default_factory=dict)
    numbers: int = 0

    def copy(self) -> Register:
        """The same files, and the same chance."""
        return replace(self, people=dict(self.people), groups=dict(self.groups),
                       seats=set(self.seats), left=dict(self.left),
                       closed=dict(self.closed))  # fmt: skip

    def change(self) -> None:
        """One to eight things that happen in a school."""
        happenings = (
            self.someone_comes, self.someone_comes, self.someone_leaves, self.someone_returns,
            self.someone_marries, self.someone_changes_schools, self.someone_has_a_phone,
            self.someone_is_hired, self.two_exchange_logins, self.a_group_opens,
            self.a_group_opens, self.a_group_closes, self.a_group_reopens,
            self.a_group_is_renamed, self.seats_change, self.seats_change,
        )  # fmt: skip
        for _ in range(self.chance.randint(1, 8)):
            self.chance.choice(happenings)()

    def someone_comes(self) -> None:
        self.numbers += 1
        kind = self.chance.choice(("Student", "Student", "Employee"))
        key = f"{kind[0]}-{self.numbers}"
        self.people[key] = Person(
            kind, self.chance.choice(GIVEN), self.chance.choice(FAMILIES),
            f"login.{self.numbers}", self._schools(),
        )  # fmt: skip

    def someone_leaves(self) -> None:
        if self.people:
            key = self.chance.choice(sorted(self.people))
            self.left[key] = self.people.pop(key)
            self.seats = {seat for seat in self.seats if seat[1] != key}

    def someone_returns(self) -> None:
        if self.left:
            key = self.chance.choice(sorted(self.left))
            self.people[key] = self.left.pop(key)

    def someone_marries(self) -> None:
        self._someone(family=self.chance.choice(FAMILIES))

    def someone_changes_schools(self) -> None:
        self._someone(schools=self._schools())

    def someone_has_a_phone(self) -> None:
        """Pupils alone may have one; the files of employees have no such column."""
        number = self.chance.randint(600_100_000, 600_100_999)
        self._someone(phone=self.chance.choice(("", str(number))),
                      email=self.chance.choice(("", f"p{number}@dom.local")))  # fmt: skip

    def someone_is_hired(self) -> None:
        """The same key moves from one file to the other."""
        self._someone(kind=self.chance.choice(("Student", "Employee")))

    def two_exchange_logins(self) -> None:
        if len(self.people) > 1:
            one, other = self.chance.sample(sorted(self.people), 2)
            logins = self.people[one].login, self.people[other].login
            self.people[one] = replace(self.people[one], login=logins[1])
            self.people[other] = replace(self.people[other], login=logins[0])

    def a_group_opens(self) -> None:
        self.numbers += 1
        self.groups[f"G-{self.numbers}"] = Group(
            f"Przedmiot {self.numbers}", "2A", self.chance.choice(SCHOOLS)
        )

    def a_group_closes(self) -> None:
        if self.groups:
            key = self.chance.choice(sorted(self.groups))
            self.closed[key] = self.groups.pop(key)
            self.seats = {seat for seat in self.seats if seat[0] != key}

    def a_group_reopens(self) -> None:
        if self.closed:
            key = self.chance.choice(sorted(self.closed))
            self.groups[key] = self.closed.pop(key)

    def a_group_is_renamed(self) -> None:
        if self.groups:
            key = self.chance.choice(sorted(self.groups))
            classes = self.chance.choice(("1A", "1B", "2A", "3C"))
            school = self.chance.choice(SCHOOLS)
            self.groups[key] = replace(self.groups[key], classes=classes, school=school)

    def seats_change(self) -> None:
        for _ in range(self.chance.randint(1, 4)):
            if self.groups and self.people:
                seat = (
                    self.chance.choice(sorted(self.groups)),
                    self.chance.choice(sorted(self.people)),
                )
                self.seats ^= {seat}

    def _schools(self) -> frozenset[str]:
        return frozenset(self.chance.sample(SCHOOLS, self.chance.choice((1, 1, 2))))

    def _someone(self, **changes: Any) -> None:
        if self.people:
            key = self.chance.choice(sorted(self.people))
            self.people[key] = replace(self.people[key], **changes)

    def files(self) -> dict[str, str]:
        """The four files."""
        pupils = ["klucz;imie;nazwisko;login;telefon;email;szkola"]
        employees = ["klucz;imie;nazwisko;login;szkola"]
        for key, each in self.people.items():
            names = [key, each.given, each.family, each.login]
            for school in sorted(each.schools):
                if each.kind == "Student":
                    pupils.append(";".join([*names, each.phone, each.email, school]))
                else:
                    employees.append(";".join([*names, school]))
        groups = ["klucz;przedmiot;oddzialy;nazwa grupy;rok szkolny;szkola"]
        for key, group in self.groups.items():
            groups.append(f"{key};{group.subject};{group.classes};;{group.year};{group.school}")
        seats = ["grupa;osoba", *[";".join(seat) for seat in sorted(self.seats)]]
        files = {
            "pupils": pupils, "employees": employees, "groups": groups, "assignments": seats
        }  # fmt: skip
        return {name: "\n".join(lines) + "\n" for name, lines in files.items()}


@dataclass
class Stored:
    """What the directory holds of one key, whether it is served or not."""

    record: Person | Group
    schools: frozenset[str]
    active: bool = True

    @property
    def own(self) -> dict[str, Any]:
        """The published content that is its own: neither copied names nor members."""
        if isinstance(self.record, Group):
            return {"subject": self.record.subject, "classes": [self.record.classes],
                    "school": self.record.school, "active": self.active}  # fmt: skip
        one = self.record
        content: dict[str, Any] = {
            "userName": f"{one.login}@{DOMAIN}", "familyName": one.family,
            "givenName": one.given, "active": self.active, "userType": one.kind,
        }  # fmt: skip
        if one.kind == "Student":
            content["phone"] = f"+48{one.phone}" if one.phone else None
            content["email"] = one.email or None
        return content


class Directory:
    """What has to be stored after a sequence of imports and decisions."""

    def __init__(self) -> None:
        self.stored: dict[str, Stored] = {}
        self.seats: set[tuple[str, str]] = set()
        self.publishing: set[str] = set()

    def take(self, register: Register) -> dict[tuple[str, str], int]:
        """Do what an import does; returns its figures by kind and happening."""
        figures: dict[tuple[str, str], int] = {}
        given: dict[str, Person | Group] = {**register.people, **register.groups}
        for key, record in given.items():
            schools = record.schools if isinstance(record, Person) else frozenset({record.school})
            before = self.stored.get(key)
            after = Stored(record, schools)
            if before is None:
                happening = "created"
            elif not before.active:
                happening = "reactivated"
            else:
                happening = "unchanged" if before.own == after.own else "changed"
            self._count(figures, after, happening)
            self.stored[key] = after
        for key, one in self.stored.items():
            if one.active and key not in given:
                one.active = False
                self._count(figures, one, "deactivated")
        figures["memberships", "created"] = len(register.seats - self.seats)
        figures["memberships", "deactivated"] = len(self.seats - register.seats)
        figures["memberships", "unchanged"] = len(self.seats & register.seats)
        self.seats = set(register.seats)
        return {each: count for each, count in figures.items() if count}

    def refuses(self, register: Register) -> bool:
        """Whether someone in the files has the login of someone who left or leaves."""
        held = {
            one.record.login
            for key, one in self.stored.items()
            if isinstance(one.record, Person) and key not in register.people
        }
        return any(each.login in held for each in register.people.values())

    @staticmethod
    def _count(figures: dict[tuple[str, str], int], one: Stored, happening: str) -> None:
        if isinstance(one.record, Group):
            kind = "groups"
        else:
            kind = "pupils" if one.record.kind == "Student" else "employees"
        figures[kind, happening] = figures.get((kind, happening), 0) + 1

    @property
    def served(self) -> set[str]:
        return {key for key, one in self.stored.items() if one.schools & self.publishing}

    def seats_of(self, key: str, among: set[str] | None = None) -> frozenset[str]:
        """The other ends of the memberships of ``key``."""
        ends = {group for group, person in self.seats if person == key}
        ends |= {person for group, person in self.seats if group == key}
        return frozenset(ends if among is None else ends & among)
