"""A made-up unit for properties: texts that fold, normalise or sort in surprising ways."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import orjson
from scim2_models import ScimFilter

from scim_server.database import Database
from scim_server.directory.consent import decide
from scim_server.directory.drafts import Assignment, Draft
from scim_server.directory.models import ResourceType, contract
from scim_server.directory.resources import Address, Resources
from scim_server.directory.searches import Search
from scim_server.directory.staging import Staging
from scim_server.directory.units import Unit, add_unit, unit_named
from tests.school import MovedClock

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
UONET_GROUP = "urn:scim-server:schemas:uonet:1.0:Group"

GIVEN_NAMES = (
    "Żaneta", "Łukasz", "Łukasz", "ŁUKASZ", "Jan", "jan", "Ołena", "İrem", "\u212aelvin", "Åsa",
    "\u212bsa", "Straße", "STRASSE", "Ǆemal", "Σοφίας", "Ян", "李", "😀 Ala", "%a_b\\", 'O"Neil',
    "e\u0301wa",
)  # fmt: skip
FAMILY_NAMES = (
    "Łęcka", "Żółć", "Szewczenko", "Kowalska", "kowalski", "Ćwikła", "ﬁn", "Nowak-Kowalska",
    "van  der Ń", "q\u0323\u0307", "q\u0307\u0323", "O'Hara", "a%", "[b]", "(or)", "Zet\nEnter",
)  # fmt: skip
SUBJECTS = ("Matematyka", "Język angielski", "FIZYKA", "fizyka", "Wychowanie fizyczne", "WŻ")
CLASSES = ("1A", "1a", "2B", "3Ć", "ĆWICZ", "4%")
SCHOOLS = ("SP 12", "LO 3", "SP cicha")


class Reference:
    """What is served of one type, as the reference's own instances, by id."""

    def __init__(self, type: ResourceType, served: list[dict[str, Any]]) -> None:
        self.type = type
        self.served = {each["id"]: each for each in served}
        self.instances = {id: type.model.model_validate(each) for id, each in self.served.items()}

    def __repr__(self) -> str:
        return f"<every {self.type.name}>"

    def matching(self, text: str) -> set[str]:
        """The ids of what satisfies a filter, in scim2-models' own judgement."""
        bound = ScimFilter[self.type.model](text)  # type: ignore[name-defined]
        return {id for id, each in self.instances.items() if bound.match(each)}


def people(chance: random.Random, count: int) -> Iterator[Draft]:
    for number in range(count):
        given, family = chance.choice(GIVEN_NAMES), chance.choice(FAMILY_NAMES)
        document: dict[str, Any] = {
            "schemas": [USER],
            "externalId": chance.choice(("u-{}", "U-{}", "Ł{}%", "k_{}")).format(number),
            "userName": f"{chance.choice(('Ala', 'ż', 'ola_'))}.{number}@sp12.example.pl",
            "displayName": f"{given} {family}",
            "active": True,
        }
        if chance.random() < 0.9:
            document["name"] = {"familyName": family, "givenName": given}
            if chance.random() < 0.7:
                document["name"]["formatted"] = f"{given} {family}"
        document["userType"] = chance.choice(("Student", "Employee"))
        document |= _contacts(chance, "emails", ("home", "work", "HOME"), "{}@Dom.local")
        document |= _contacts(chance, "phoneNumbers", ("mobile", "home"), "+4860010020{}")
        school = SCHOOLS[2] if chance.random() < 0.1 else chance.choice(SCHOOLS[:2])
        yield Draft("User", document["externalId"], document, (school,))


def _contacts(
    chance: random.Random, name: str, kinds: tuple[str, ...], form: str
) -> dict[str, Any]:
    values = []
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        value: dict[str, Any] = {}
        if chance.random() < 0.85:
            value["value"] = form.format(chance.randrange(10))
        if chance.random() < 0.85 or not value:
            value["type"] = chance.choice(kinds)
        values.append(value)
    return {name: values} if values else {}


def groups(chance: random.Random, count: int) -> Iterator[Draft]:
    for number in range(count):
        subject = chance.choice(SUBJECTS)
        school = SCHOOLS[2] if chance.random() < 0.1 else chance.choice(SCHOOLS[:2])
        extension: dict[str, Any] = {"subject": subject, "schoolYear": "2026/27", "school": school}
        if chance.random() < 0.7:
            extension["classes"] = chance.sample(CLASSES, chance.choice((1, 2)))
        if chance.random() < 0.5:
            extension["groupName"] = f"{subject[:2]}_{number}"
        extension["active"] = True
        document = {
            "schemas": [GROUP, UONET_GROUP],
            "externalId": f"G-{number}",
            "displayName": f"{subject} – {number}",
            UONET_GROUP: extension,
        }
        yield Draft("Group", f"G-{number}", document, (school,))


def seed(database: Database, clock: MovedClock, *, users: int = 40, teams: int = 12) -> Unit:
    """A unit with leavers, a closed group, members of a school that doesn't publish, and an hour
    between two imports.
    """
    chance = random.Random(3)
    with database.write() as connection:
        add_unit(
            connection, name="sp12", domain="sp12.example.pl", schools=SCHOOLS, now=clock(),
            actor="os:test",
        )  # fmt: skip
    everyone, every_group = list(people(chance, users)), list(groups(chance, teams))
    keys = [each.external_id for each in everyone]
    pairs = [
        Assignment(group.external_id, key)
        for group in every_group
        for key in chance.sample(keys, chance.choice((0, 1, 5, 9)))
    ]
    _import(database, clock, everyone, every_group, pairs)
    clock.move(hours=1, microseconds=1_234)
    stay, run_on = everyone[: users - users // 8], every_group[:-1]
    gone = {each.external_id for each in everyone[len(stay) :]} | {every_group[-1].external_id}
    _import(database, clock, stay, run_on, [p for p in pairs if not {p.group, p.person} & gone])
    for name in SCHOOLS[:2]:
        with database.write() as connection:
            decide(
                connection, unit_named(connection, "sp12"), name, True, decided_by="dyrektor",
                actor="os:test", now=clock(),
            )  # fmt: skip
    with database.read() as connection:
        return unit_named(connection, "sp12")


def _import(
    database: Database,
    clock: MovedClock,
    people: list[Draft],
    groups: list[Draft],
    pairs: list[Assignment],
) -> None:
    with database.read() as connection:
        unit = unit_named(connection, "sp12")
    with Staging(database, unit) as staging:
        staging.add(people)
        staging.add(groups)
        staging.assign(pairs)
        staging.compare()
        staging.apply(clock, actor="os:test", facts={}, changed=True)


def reference(resources: Resources, address: Address, name: str) -> Reference:
    """The whole list of one type as it is served."""
    kind = contract("register").types[name]
    page = resources.search(address, Search(types=(kind,), limit=1_000))
    served = [orjson.loads(each) for each in page.bodies]
    assert len(served) == page.total > 0
    return Reference(kind, served)
