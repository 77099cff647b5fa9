"""Where this server's filters differ from scim2-models on purpose, case by case."""

from __future__ import annotations

import uuid

import pytest

from tests.school import World
from tests.scim.answers import fails, keys, refused

UNQUOTED = (
    "externalId eq U-4",
    "externalId  EQ\tU-4",
    "userName eq anna.kowalska@sp12.example.pl",
    "externalId eq U-4 and active eq true",
    "(externalId eq U-4)",
    "not (externalId ne U-4)",
    'userName sw "anna" and externalId eq U-4',
    "name.givenName eq Anna",
)
UNKNOWN = (
    'title eq "x"',
    "title pr",
    'nickName eq "x" or userName pr',
    "not (nickName pr)",
    "emails[primary eq true]",
    'emails[nickName eq "x"]',
    'emails.display eq "x"',
    'classes eq "2A"',
    'urn:scim-server:schemas:uonet:1.0:Group:subject eq "Fizyka"',
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "x"',
    'schemas[type eq "x"]',
    'members eq "x"',
)
COMPLEX = ('name eq "Anna"', 'name co "Anna"', 'meta eq "x"', "name eq null", "not (name ne null)")
MOMENTS = {
    'meta.created eq "2026-11-24T12:00:00.250000"': 7,
    'meta.created ge "2026-11-24T12:00:00"': 7,
    'meta.created lt "2026-11-24T12:00:00"': 0,
    'meta.created ge "2026-11-24"': 7,
    'meta.created eq "2026-11-24T13:00:00.250+01:00"': 7,
    'not (meta.created ne "2026-11-24T12:00:00.250")': 7,
}
MISTYPED = (
    'meta.created gt "yesterday"',
    'meta.created gt ""',
    'meta.created eq "0001-01-01T00:00:00+23:59"',
    "meta.created gt 1790000000000",
    "meta.created eq true",
    "active eq 1",
    'active eq "yes"',
    "active gt true",
    'active co "t"',
    "userName eq true",
    "userName co false",
)
NO_FILTERS = (
    "", " ", "userName", "userName eq", 'eq "x"', 'userName eq "x', 'userName is "x"',
    'userName eq "x" and', "userName eq 'x'", 'userName eq "\\x"', "(userName pr",
    "userName pr)", 'emails[type eq "home"', "emails[]", "emails[emails[type pr]]",
    "not userName pr", 'name[givenName eq "Jan"]', "userName eq \u201cx\u201d",
    'userName eq "a\nb"', 'userName eq "\\u0000"', 'userName eq "\\ud800"',
    "userName pr;drop table resource", 'userName eq "\ue0000+"', "userName eq \ue0000",
    'userName eq "x" "y"',
)  # fmt: skip
RFC_USERS = {
    'userName pr or externalId eq "x" and externalId eq "y"': 7,
    '(userName pr or externalId eq "x") and externalId eq "y"': 0,
    'not (externalId eq "U-1") and externalId sw "U"': 4,
    'userName eq "ZANETA.LECKA@sp12.example.pl"': 1,
    'externalId eq "u-1"': 0,
    'name.familyName eq "łĘCKA"': 1,
    'name.familyName eq "Lecka"': 0,
    'urn:ietf:params:scim:schemas:core:2.0:User:userName sw "jan"': 1,
    'URN:ietf:params:scim:schemas:core:2.0:USER:NAME.familyname sw "ż"': 1,
    'groups.display co "matematyka"': 4,
    'groups[display sw "fizyka" and type eq "direct"]': 4,
    "emails pr": 2,
    "not (emails pr)": 5,
    'emails ne "x"': 7,
    "emails eq null": 5,
    "phoneNumbers ne null": 2,
    'schemas eq "urn:ietf:params:scim:schemas:core:2.0:User"': 7,
    'displayName co "ż"': 2,
    'displayName co "żółć"': 1,
    'displayName co "%"': 0,
    'displayName co "___"': 0,
    'displayName co "ar\\" OR \\"an"': 0,
    'meta.resourceType eq "User"': 7,
    'meta.version sw "W/\\""': 7,
    'meta.location ew "x"': 0,
}
_EXTENSION = "urn:scim-server:schemas:uonet:1.0:Group"
RFC_GROUPS = {
    f'{_EXTENSION}:subject eq "FIZYKA"': ["G-3"],
    f'{_EXTENSION}:classes eq "2b"': ["G-2"],
    f'{_EXTENSION}:classes[value sw "2"]': ["G-1", "G-2"],
    f'{_EXTENSION}:schoolYear eq "2026/27"': ["G-1", "G-2", "G-3"],
    f"{_EXTENSION}:groupName pr": ["G-2"],
    f"{_EXTENSION}:active eq true": ["G-1", "G-2", "G-3"],
    f'{_EXTENSION}:school co "LO"': ["G-3"],
    'members[display co "ćwikła"]': ["G-1", "G-2", "G-3"],
    'members.type eq "user" and displayName sw "fiz"': ["G-3"],
}


def test_an_unquoted_value_is_a_text(world: World) -> None:
    found = {text: keys(world.list("/Users", filter=text)) for text in UNQUOTED}
    assert found == {text: ["U-4"] for text in UNQUOTED}


def test_an_unquoted_number_is_a_text(world: World) -> None:
    pupils = "klucz;imie;nazwisko;login;telefon;email;szkola\n701984;Jan;Mak;jan.mak;;;SP 12\n"
    groups = "klucz;przedmiot;oddzialy;nazwa grupy;rok szkolny;szkola\n"
    files = {"pupils": pupils, "groups": groups, "assignments": "grupa;osoba\n"}
    world.import_files(choices={"allow_deactivations": True}, **files)
    for text in ("externalId eq 701984", 'externalId eq "701984"', "externalId sw 70"):
        assert keys(world.list("/Users", filter=text)) == ["701984"]
    assert keys(world.list("/Users", filter="externalId eq -1.5e3")) == []


def test_an_unknown_attribute_is_refused_not_ignored(world: World) -> None:
    assert refused(world, "/Users", UNKNOWN) == dict.fromkeys(UNKNOWN, "invalidFilter")


def test_an_extension_is_addressed_by_its_urn_alone(world: World) -> None:
    texts = ('UonetGroup.subject eq "Fizyka"', "UonetGroup pr")
    assert refused(world, "/Groups", texts) == dict.fromkeys(texts, "invalidFilter")
    for sort in ("UonetGroup.subject", "UonetGroup"):
        fails(world.get("/Groups", query_string={"sortBy": sort}), 400, "invalidPath")


def test_a_complex_attribute_is_not_compared(world: World) -> None:
    assert refused(world, "/Users", COMPLEX) == dict.fromkeys(COMPLEX, "invalidFilter")


@pytest.mark.parametrize("operator", ["eq", "ne", "sw"])
def test_a_guid_is_compared_with_an_email_without_complaint(world: World, operator: str) -> None:
    text = f'emails[type eq "work"].value {operator} "{uuid.uuid4()}"'
    assert world.list("/Users", filter=text)["totalResults"] == 0


def test_a_date_time_without_an_offset_is_in_utc(world: World) -> None:
    found = {text: world.list("/Users", filter=text)["totalResults"] for text in MOMENTS}
    assert found == MOMENTS


def test_a_value_of_another_type_is_refused(world: World) -> None:
    assert refused(world, "/Users", MISTYPED) == dict.fromkeys(MISTYPED, "invalidFilter")


def test_a_boolean_may_be_quoted_as_entra_sends_it(world: World) -> None:
    counts = {"True": 7, "false": 0}
    for value, count in counts.items():
        for text in (f'active eq "{value}"', f"active eq {value}"):
            assert world.list("/Users", filter=text)["totalResults"] == count


def test_what_is_not_a_filter_is_refused(world: World) -> None:
    assert refused(world, "/Users", NO_FILTERS) == dict.fromkeys(NO_FILTERS, "invalidFilter")


def test_a_filter_is_read_as_the_rfc_has_it(world: World) -> None:
    found = {text: world.list("/Users", filter=text)["totalResults"] for text in RFC_USERS}
    assert found == RFC_USERS


def test_the_extension_is_filtered_by_its_urn(world: World) -> None:
    found = {text: keys(world.list("/Groups", filter=text)) for text in RFC_GROUPS}
    assert found == RFC_GROUPS
