"""The attributes of a resource type as its schema documents define them (RFC 7643 §7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

AttributeType = Literal["string", "boolean", "reference", "binary", "complex"]

_COMMON = (
    {"name": "schemas", "type": "reference", "multiValued": True, "mutability": "readOnly"},
    {"name": "id", "type": "string", "mutability": "readOnly", "caseExact": True},
    {"name": "externalId", "type": "string", "mutability": "readWrite", "caseExact": True},
    {"name": "meta", "type": "complex", "mutability": "readOnly"},
)
"""RFC 7643 §3.1: every resource has these, and no schema lists them."""


@dataclass(frozen=True, eq=False, slots=True)
class Attribute:
    """One attribute or sub-attribute.

    ``path`` is how it is named from the resource: ``name.givenName``, or the whole URN for an
    extension's. ``parts`` holds its sub-attributes by their name in lower case (RFC 7643 §2.1:
    names are compared without case). An extension is a complex attribute named by its URN.
    """

    name: str
    path: str
    type: AttributeType
    is_list: bool = False
    is_required: bool = False
    is_read_only: bool = False
    is_immutable: bool = False
    is_case_exact: bool = False
    is_extension: bool = False
    parts: Mapping[str, Attribute] = field(default_factory=dict)

    @property
    def is_complex(self) -> bool:
        return self.type == "complex"

    def part(self, name: str) -> Attribute | None:
        """The sub-attribute called ``name``, or none."""
        return self.parts.get(name.lower())

    def find(self, name: str) -> tuple[Attribute | None, Attribute | None]:
        """Of the resource itself: the extension that has an attribute called ``name``, if it isn't
        a core one, and the attribute, or none.

        Tolerance ``unqualified_extension``: an extension's attribute may come without its URN.
        """
        core = self.part(name)
        if core is not None:
            return None, core
        for extension in self.parts.values():
            part = extension.part(name) if extension.is_extension else None
            if part is not None:
                return extension, part
        return None, None


def define(core: Mapping[str, Any], extensions: Iterable[Mapping[str, Any]]) -> Attribute:
    """The resource itself as one complex attribute: its parts are the core schema's attributes,
    the common ones, and each extension.
    """
    own = [_attribute(each, "") for each in (*_COMMON, *core["attributes"])]
    others = [
        Attribute(
            name=each["id"],
            path=each["id"],
            type="complex",
            is_extension=True,
            parts=_by_name(_attribute(part, f"{each['id']}:") for part in each["attributes"]),
        )
        for each in extensions
    ]
    return Attribute(name="", path="", type="complex", parts=_by_name([*own, *others]))


def _attribute(document: Mapping[str, Any], prefix: str) -> Attribute:
    path = f"{prefix}{document['name']}"
    return Attribute(
        name=document["name"],
        path=path,
        type=document["type"],
        is_list=document.get("multiValued", False),
        is_required=document.get("required", False),
        is_read_only=document["mutability"] == "readOnly",
        is_immutable=document["mutability"] == "immutable",
        is_case_exact=document.get("caseExact", False),
        parts=_by_name(
            _attribute(part, f"{path}.") for part in document.get("subAttributes", ())
        ),
    )  # fmt: skip


def _by_name(attributes: Iterable[Attribute]) -> Mapping[str, Attribute]:
    return {each.name.lower(): each for each in attributes}
