"""From a SCIM document to what is stored of it: finished JSON and folded keys.

Folding happens here alone, once, when a resource is written, in the form in which scim2-models
compares (NFC, lower case unless ``caseExact``), so that every database gives the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from scim2_models import default_comparison_key
from scim2_models.path import AttributeBinding, AttrPath

from scim_server.directory.models import ResourceType

BASE = "\x01"
"""Stands for the unit's base address in stored references, and is replaced in every answer.

A JSON text can't contain a raw control character, so no value can be taken for it.
"""

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "User": {
        "externalId": "external_id",
        "userName": "user_name",
        "displayName": "display_name",
        "name.familyName": "family_name",
        "name.givenName": "given_name",
        "userType": "user_type",
        "active": "active",
    },
    "Group": {
        "externalId": "external_id",
        "displayName": "display_name",
        "urn:scim-server:schemas:uonet:1.0:Group:active": "active",
    },
}
"""Attributes with a column of their own, by resource type; all others are read from ``folded``."""

SEARCHED = ("user_name", "display_name", "family_name", "given_name", "external_id")
"""The columns that ``co`` finds through the trigram index."""

KEY_LENGTH = 512
"""The most characters that an attribute with a column may have: more don't fit into an index."""

Element = tuple[str, int, str | None, str | None, str | None, bool | None, str | None]
"""One value of a multi-valued attribute: attribute, position, value, type, display, primary, and
the other sub-attributes as JSON.
"""

_OWN = ("value", "type", "display", "primary")


@dataclass(frozen=True, slots=True)
class Rendered:
    """One resource, ready to be stored; ``columns`` has every column of :data:`COLUMNS`."""

    id: str
    resource_type: str
    columns: Mapping[str, Any]
    text: str
    folded: str
    head: str
    fragment: str
    as_group: str | None
    elements: tuple[Element, ...]


def render(resource_type: ResourceType, document: Mapping[str, Any], id: str) -> Rendered:
    """Render ``document`` (SCIM attributes without id, meta, groups and members)."""
    columns: dict[str, Any] = dict.fromkeys(
        ("active", "external_id", "user_name", "display_name", "family_name", "given_name",
         "user_type")
    )  # fmt: skip
    others: dict[str, Any] = {}
    elements: list[Element] = []
    own = COLUMNS[resource_type.name]
    for path, value in _attributes(document):
        if isinstance(value, list):
            elements += _elements(resource_type, path, value)
            continue
        key = _folded(resource_type, path, value)
        if column := own.get(path):
            columns[column] = key
        else:
            others[path] = key
    schemas = document["schemas"]
    rest = {name: value for name, value in document.items() if name != "schemas"}
    head = orjson.dumps({"schemas": schemas, "id": id, **rest})[:-1].decode()
    searched = dict.fromkeys(columns[name] for name in SEARCHED if columns[name])
    return Rendered(
        id=id,
        resource_type=resource_type.name,
        columns=columns,
        text="\n".join(searched),
        folded=orjson.dumps(others).decode(),
        head=head,
        fragment=_fragment(resource_type, id, document, resource_type.name),
        as_group=_as_group(resource_type, id, document),
        elements=tuple(elements),
    )


def _fragment(resource_type: ResourceType, id: str, document: Mapping[str, Any], kind: str) -> str:
    """How a group lists a member (RFC 7643 §4.2), or a user a group (§4.1.2)."""
    display = {"display": document["displayName"]} if "displayName" in document else {}
    text = orjson.dumps({"value": id, **display, "type": kind}).decode()
    reference = f'"$ref":"{BASE}{resource_type.endpoint}/{id}"'
    return f"{text[:-1]},{reference}}}"


def _as_group(resource_type: ResourceType, id: str, document: Mapping[str, Any]) -> str | None:
    if resource_type.name != "Group":
        return None
    return _fragment(resource_type, id, document, "direct")


def _attributes(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each attribute with its path: ``name.givenName``, ``urn:…:Group:subject``, ``emails``."""
    for name, value in document.items():
        if isinstance(value, Mapping):
            separator = ":" if name.startswith("urn:") else "."
            yield from _attributes(value, f"{prefix}{name}{separator}")
        else:
            yield f"{prefix}{name}", value


def _elements(resource_type: ResourceType, path: str, values: list[Any]) -> Iterator[Element]:
    for position, given in enumerate(values):
        if not isinstance(given, Mapping):
            key = _folded(resource_type, path, given)
            yield path, position, key, None, None, None, None
            continue
        folded = {sub: _folded(resource_type, f"{path}.{sub}", each) for sub, each in given.items()}
        others = {sub: each for sub, each in folded.items() if sub not in _OWN}
        value, kind, display, primary = (folded.get(sub) for sub in _OWN)
        rest = orjson.dumps(others).decode() if others else None
        yield path, position, value, kind, display, primary, rest


def _folded(resource_type: ResourceType, path: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return default_comparison_key(_binding(resource_type, path), value)


@cache
def _binding(resource_type: ResourceType, path: str) -> AttributeBinding:
    uri, _, rest = path.rpartition(":")
    attr, _, sub = rest.partition(".")
    binding = resource_type.attribute(AttrPath(attr=attr, sub_attr=sub or None, uri=uri or None))
    assert binding is not None, f"{path} is not an attribute of {resource_type.name}"
    return binding
