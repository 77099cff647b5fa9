"""From the published document to the record that Entra ID is given: the closed list once more.

A record is always whole and always tells ``active``: Entra disables the account of a person whose
record leaves it out. What is left out otherwise stays there as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

MOST_OPERATIONS = 50
"""How many records one request may hold."""

Record = dict[str, Any]


def record_of(document: Mapping[str, Any], school: str, *, phones: bool, emails: bool) -> Record:
    """The record of a person. ``school`` is the one that publishes them.

    ``phones`` and ``emails`` tell whether a pupil's own go with it where the register has them.
    """
    key, login = document["externalId"], document["userName"]
    addresses = [{"value": login, "type": "work", "primary": True}]
    if emails:
        addresses += [{"value": each["value"], "type": "home"} for each in _of(document, "emails")]
    record: Record = {
        "schemas": [CORE, ENTERPRISE],
        "externalId": key,
        "userName": login,
        "name": {part: document["name"][part] for part in ("formatted", "familyName", "givenName")},
        "displayName": document["displayName"],
        "emails": addresses,
    }
    numbers = _of(document, "phoneNumbers") if phones else []
    if numbers:
        record["phoneNumbers"] = [{"value": each["value"], "type": "mobile"} for each in numbers]
    return record | {
        "userType": document["userType"],
        "preferredLanguage": "pl-PL",
        "active": document["active"],
        ENTERPRISE: {"employeeNumber": key, "organization": school},
    }


def _of(document: Mapping[str, Any], name: str) -> list[Mapping[str, str]]:
    return list(document.get(name, ()))


def digest_of(record: Record) -> str:
    """What tells one content of a record from another."""
    return hashlib.sha256(orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()


def request_body(records: Sequence[Record]) -> bytes:
    """A bulk request (RFC 7644 §3.7) as Entra takes it: whether a record creates or changes an
    account is for Entra to find out.
    """
    assert len(records) <= MOST_OPERATIONS
    operations = [
        {"method": "POST", "bulkId": f"op-{number:04}", "path": "/Users", "data": record}
        for number, record in enumerate(records, 1)
    ]
    return orjson.dumps({"schemas": [BULK], "Operations": operations, "failOnErrors": None})
