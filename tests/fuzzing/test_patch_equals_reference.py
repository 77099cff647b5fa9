"""PATCH makes of a document what scim2-models makes of it, or refuses it for the same reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from scim_server.directory.models import ResourceType, contract
from tests.fuzzing.budget import examples
from tests.fuzzing.patch_models import Result, ours, theirs, without_order
from tests.fuzzing.random_patches import Document, Operation, patches
from tests.sandbox import ENTERPRISE

TYPES = contract("sandbox").types
REQUESTS_A_TYPE = 300

TWO_EMAILS = {"userName": "jan", "emails": [{"value": "jan@example.pl"}, {"value": "j@dom"}]}
CERTIFICATE = {"userName": "jan", "x509Certificates": [{"value": "QUJD"}]}
FOUND: tuple[tuple[str, Document, Operation], ...] = (
    ("User", TWO_EMAILS, {"op": "replace", "path": "emails.primary", "value": True}),
    ("User", CERTIFICATE, {"op": "remove", "path": 'x509Certificates[value gt "QUJD"]'}),
    ("User", TWO_EMAILS, {"op": "add", "path": "emails", "value": [{"value": "J@DOM"}]}),
    ("User", TWO_EMAILS, {"op": "remove", "path": "emails", "value": [{"value": "J@DOM"}]}),
    ("Group", {"displayName": "7a"}, {"op": "remove", "path": "emails[type eq]"}),
)
"""What longer runs found, in short."""


@pytest.mark.parametrize(("name", "document", "operation"), FOUND)
def test_what_was_different_once_is_the_same(
    name: str, document: Document, operation: Operation
) -> None:
    compared(TYPES[name], document, operation)


@pytest.mark.parametrize("name", TYPES)
def test_a_random_patch_gives_what_the_reference_gives(name: str) -> None:
    of = TYPES[name]

    @examples(REQUESTS_A_TYPE)
    @given(patches(of))
    def check(patch: tuple[Document, list[Operation]]) -> None:
        start, requested = patch
        document: Result | None = start
        for operation in requested:
            if isinstance(document, dict):
                document = compared(of, document, operation)
        if document is not None:
            whole = ours(of, start, requested)
            assert whole == document or (isinstance(whole, str) and isinstance(document, str))

    check()


def compared(of: ResourceType, document: Document, operation: Operation) -> Result | None:
    """What both make of one operation, or none where they differ as they may."""
    made, expected = (one(of, document, [operation]) for one in (ours, theirs))
    told = f"{document}\n{operation}\n{made}\n{expected}"
    if made != expected:
        assert difference(of, operation, made, expected), told
        return None
    assert isinstance(made, str) or has_required(of, made), told
    return made


def has_required(of: ResourceType, document: Document) -> bool:
    return all(document.get(each.name) for each in of.definition.parts.values() if each.is_required)


def difference(of: ResourceType, operation: Operation, made: Result, expected: Result) -> str:
    """Why this server means to make something else of an operation; empty where it doesn't."""
    path, value = operation.get("path", ""), operation.get("value", "")
    keys = set(value) if isinstance(value, dict) else set()
    match made, expected:
        case "invalidValue", "noTarget" | "invalidFilter":
            return "Of two faults it tells the one of the value, which it looks at first."
        case "mutability", "invalidValue" if "groups" in keys:
            return "What is read-only is refused, whatever would be written to it."
        case "invalidValue", dict() if any("." in name for name in (path, *keys)):
            return "A wrong value is refused even where there is nothing to write it to."
        case ("invalidPath", "invalidFilter") | ("invalidFilter", "invalidPath") if "[" in path:
            return "Brackets that can't be read, or may not stand here: both types fit."
        case "invalidValue" | "mutability", dict() if not has_required(of, expected):
            return "A required attribute is never empty, as in a POST."
        case "noTarget", "invalidPath" if path.lower() == of.schemas[0].lower():
            return "To remove the core schema is to remove without a path."
        case dict(), "mutability" | "invalidValue" if keys & {"id", "meta"}:
            return "The id and meta of a resource may be sent back as they were read."
        case dict(), "mutability" | "invalidValue" if _names_manager(path, value):
            return "A read-only part of a value is left out, as in a POST."
        case dict(), dict() if "$ref" not in str(value) and made == _at_no_address(expected):
            return "A new manager isn't at the address of the old one."
        case _ if _has_null(value) or "null" in path:
            return "Null is no value: it is not added, and describes nothing to be made."
    return ""


def _names_manager(path: str, value: Any) -> bool:
    """Whether a manager's displayName is written, the only part that is read-only."""
    return "manager" in f"{path}{value}".lower() and "displayName" in str(value)


def _at_no_address(document: Document) -> Document:
    extension = document.get(ENTERPRISE, {})
    manager = {name: each for name, each in extension.get("manager", {}).items() if name != "$ref"}
    return without_order({**document, ENTERPRISE: {**extension, "manager": manager}})


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_null, value.values()))
    return value is None
