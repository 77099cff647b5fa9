"""The closed list: nothing but these attributes leaves a register."""

from __future__ import annotations

from scim_server.directory.drafts import Draft
from scim_server.register.publication import employee, group, pupil
from scim_server.register.records import Group, Person
from tests.register.made_up import DOMAIN

ANNA = Person("U-1", "Łucja", "Gęś", "lucja.ges", "SP 12", "+48512345678", "lucja@example.com")


def test_a_pupil_is_published_with_phone_and_email() -> None:
    assert pupil(ANNA, DOMAIN, ("SP 12",)) == Draft(
        "User",
        "U-1",
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "externalId": "U-1",
            "userName": "lucja.ges@sp12.example.pl",
            "name": {"formatted": "Łucja Gęś", "familyName": "Gęś", "givenName": "Łucja"},
            "displayName": "Łucja Gęś",
            "active": True,
            "userType": "Student",
            "phoneNumbers": [{"value": "+48512345678", "type": "mobile"}],
            "emails": [{"value": "lucja@example.com", "type": "home"}],
        },
        ("SP 12",),
    )


def test_a_phone_or_email_that_is_not_given_is_absent() -> None:
    without = Person("U-1", "Łucja", "Gęś", "lucja.ges", "SP 12")
    assert not {"phoneNumbers", "emails"} & pupil(without, DOMAIN, ("SP 12",)).document.keys()


def test_an_employee_is_published_without_phone_and_email() -> None:
    draft = employee(ANNA, DOMAIN, ("SP 12", "LO 1"))
    assert draft.schools == ("SP 12", "LO 1")
    assert draft.document == {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "externalId": "U-1",
        "userName": "lucja.ges@sp12.example.pl",
        "name": {"formatted": "Łucja Gęś", "familyName": "Gęś", "givenName": "Łucja"},
        "displayName": "Łucja Gęś",
        "active": True,
        "userType": "Employee",
    }


def test_a_named_group_is_published_with_what_the_register_says_of_it() -> None:
    record = Group("G-1", "WF", "2026/27", "SP 12", ("1A", "1B"), "WF_dz_1")
    assert group(record, "WF – 1A/1B WF_dz_1 – 2026/27") == Draft(
        "Group",
        "G-1",
        {
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:Group",
                "urn:scim-server:schemas:uonet:1.0:Group",
            ],
            "externalId": "G-1",
            "displayName": "WF – 1A/1B WF_dz_1 – 2026/27",
            "urn:scim-server:schemas:uonet:1.0:Group": {
                "subject": "WF",
                "classes": ["1A", "1B"],
                "groupName": "WF_dz_1",
                "schoolYear": "2026/27",
                "school": "SP 12",
                "active": True,
            },
        },
        ("SP 12",),
    )


def test_a_whole_class_has_no_group_name_and_a_group_of_no_class_no_classes() -> None:
    uonet = "urn:scim-server:schemas:uonet:1.0:Group"
    whole = group(Group("G-1", "WF", "2026/27", "SP 12", ("1A",)), "x").document[uonet]
    choir = group(Group("G-1", "Chór", "2026/27", "SP 12", (), "Alty"), "x").document[uonet]
    assert whole.keys() == {"subject", "classes", "schoolYear", "school", "active"}
    assert choir.keys() == {"subject", "groupName", "schoolYear", "school", "active"}
