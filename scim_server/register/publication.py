"""From a record to the SCIM document that is published: the closed list of attributes.

What is not written here never leaves the server. An absent value has no attribute, never an
empty one (RFC 7643 §2.5).
"""

from __future__ import annotations

from typing import Any

from scim_server.directory.drafts import Draft
from scim_server.register.records import Group, Person

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
UONET_GROUP = "urn:scim-server:schemas:uonet:1.0:Group"


def pupil(person: Person, domain: str, schools: tuple[str, ...]) -> Draft:
    """The User of a pupil: names, login, and phone and e-mail where given."""
    document = _user(person, domain, "Student")
    if person.phone is not None:
        document["phoneNumbers"] = [{"value": person.phone, "type": "mobile"}]
    if person.email is not None:
        document["emails"] = [{"value": person.email, "type": "home"}]
    return Draft("User", person.key, document, schools)


def employee(person: Person, domain: str, schools: tuple[str, ...]) -> Draft:
    """The User of an employee: names and login, nothing else."""
    return Draft("User", person.key, _user(person, domain, "Employee"), schools)


def group(record: Group, display_name: str) -> Draft:
    """The Group of a subject group, under a display name that is unique in the unit."""
    extension: dict[str, Any] = {"subject": record.subject}
    if record.classes:
        extension["classes"] = list(record.classes)
    if record.group_name is not None:
        extension["groupName"] = record.group_name
    extension["schoolYear"] = record.school_year
    extension["school"] = record.school
    extension["active"] = True
    document = {
        "schemas": [GROUP, UONET_GROUP],
        "externalId": record.key,
        "displayName": display_name,
        UONET_GROUP: extension,
    }
    return Draft("Group", record.key, document, (record.school,))


def _user(person: Person, domain: str, user_type: str) -> dict[str, Any]:
    full_name = f"{person.given_name} {person.family_name}"
    return {
        "schemas": [USER],
        "externalId": person.key,
        "userName": f"{person.login}@{domain}",
        "name": {
            "formatted": full_name,
            "familyName": person.family_name,
            "givenName": person.given_name,
        },
        "displayName": full_name,
        "active": True,
        "userType": user_type,
    }
