"""A school of some hundred people through a year: what its register says, and what Entra's accounts
have to be by that.

What an account has to be is worked out from the register's own words alone, in a few lines, and
from nothing that the push made of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.directory.register_model import Directory, Person, Register, Stored
from tests.school import DOMAIN, SCHOOLS

Account = Mapping[str, Any]


@dataclass
class LivingSchool(Register):
    """Everything that happens in it happens by ``chance``."""

    logins_change_hands: bool = True
    year: str = "2026/2027"

    def fill(self, people: int, groups: int) -> None:
        for _ in range(people):
            self.someone_comes()
        for _ in range(groups):
            self.a_group_opens()
        self._seat_everybody()

    def change(self) -> None:
        """A day's happenings, one to eight."""
        happenings = [
            self.someone_comes, self.someone_comes, self.someone_leaves, self.someone_returns,
            self.someone_marries, self.someone_has_a_phone, self.someone_has_a_phone,
            self.someone_changes_schools, self.someone_changes_class, self.someone_is_hired,
            self.a_group_opens, self.a_group_closes, self.a_group_reopens,
            self.a_group_is_renamed, self.seats_change,
        ]  # fmt: skip
        if self.logins_change_hands:
            happenings += [self.a_login_changes_hands, self.a_login_changes_hands]
        for _ in range(self.chance.randint(1, 8)):
            self.chance.choice(happenings)()

    def a_group_opens(self) -> None:
        super().a_group_opens()
        key = f"G-{self.numbers}"
        self.groups[key] = replace(self.groups[key], year=self.year)

    def a_login_changes_hands(self) -> None:
        """Someone takes a new one, and another or a newcomer gets the old one."""
        giver = self.chance.choice(sorted(self.people))
        if self.chance.random() < 0.5:
            self.someone_comes()
            taker = next(reversed(self.people))
        else:
            taker = self.chance.choice(sorted(self.people.keys() - {giver}))
        self.numbers += 1
        login = self.people[giver].login
        self.people[giver] = replace(self.people[giver], login=f"login.{self.numbers}")
        self.people[taker] = replace(self.people[taker], login=login)

    def someone_changes_class(self) -> None:
        key = self.chance.choice(sorted(self.people))
        self.seats = {seat for seat in self.seats if seat[1] != key}
        self._seat(key)

    def every_pupil_has_a_new_phone(self) -> None:
        for key, each in self.people.items():
            if each.kind == "Student":
                number = self.chance.randint(600_100_000, 699_999_999)
                self.people[key] = replace(each, phone=str(number))

    def september(self, year: str) -> None:
        """Old groups end and new ones begin, a sixth of the pupils leaves and others come."""
        self.year = year
        pupils = sorted(key for key, each in self.people.items() if each.kind == "Student")
        for key in self.chance.sample(pupils, len(pupils) // 6):
            self.left[key] = self.people.pop(key)
            self.someone_comes()
        count = len(self.groups)
        self.closed |= self.groups
        self.groups.clear()
        for _ in range(count):
            self.a_group_opens()
        self._seat_everybody()

    def _seat_everybody(self) -> None:
        self.seats.clear()
        for key in self.people:
            self._seat(key)

    def _seat(self, key: str) -> None:
        groups = sorted(self.groups)
        self.seats |= {(each, key) for each in self.chance.sample(groups, min(3, len(groups)))}

    def with_login(self, key: str, login: str) -> LivingSchool:
        """The same, but for one login."""
        other = self.copy()
        assert isinstance(other, LivingSchool)
        other.people[key] = replace(other.people[key], login=login)
        return other


class Expected(Directory):
    """What the directory has to hold, and so Entra of it."""

    def __init__(self) -> None:
        super().__init__()
        self.phones: dict[str, set[str]] = {}

    def take(self, register: Register, left_out: str = "") -> dict[tuple[str, str], int]:
        """An import; ``left_out`` has a bad row and stays as it was."""
        before = self.stored.get(left_out)
        figures = super().take(register)
        if left_out:
            del self.stored[left_out]
        if before is not None:
            self.stored[left_out] = before
        for key, each in self.people.items():
            phone = each.own.get("phone")
            if phone is not None:
                self.phones.setdefault(key, set()).add(phone)
        return figures

    @property
    def people(self) -> dict[str, Stored]:
        return {key: one for key, one in self.stored.items() if isinstance(one.record, Person)}

    @property
    def withheld(self) -> set[str]:
        """People whom no school holds that publishes."""
        return self.people.keys() - self.served

    def differences(self, accounts: Mapping[str, Account], given: set[str]) -> list[str]:
        """What is wrong with the accounts of everybody who is served. ``given`` are those of whom
        Entra accepted something.
        """
        found = [f"{key}: nobody's" for key in accounts.keys() - self.people.keys()]
        for key in sorted(self.people.keys() & self.served):
            one, account = self.people[key], accounts.get(key)
            if account is None:
                # Nobody who left before Entra heard of them is made known to it.
                found += [f"{key}: no account"] if one.active or key in given else []
                continue
            wanted = self._account(key, one)
            found += [
                f"{key}: {name} is {account.get(name)!r}, not {value!r}"
                for name, value in wanted.items()
                if account.get(name) != value
            ]
            if not self._is_phone(key, one, account.get("mobilePhone")):
                found.append(f"{key}: mobilePhone is {account.get('mobilePhone')!r}")
        return found

    def _account(self, key: str, one: Stored) -> Account:
        person = one.record
        assert isinstance(person, Person)
        name = f"{person.login}@{DOMAIN}"
        return {
            "employeeId": key, "userPrincipalName": name, "mail": name,
            "accountEnabled": one.active, "employeeType": person.kind,
            "displayName": f"{person.given} {person.family}",
            "givenName": person.given, "surname": person.family, "preferredLanguage": "pl-PL",
            "companyName": min(one.schools & self.publishing, key=SCHOOLS.index),
        }  # fmt: skip

    def _is_phone(self, key: str, one: Stored, found: str | None) -> bool:
        """One that was taken out of the register stays in Entra as it was."""
        wanted = one.own.get("phone")
        if wanted is None:
            return found is None or found in self.phones.get(key, ())
        return bool(found == wanted)
