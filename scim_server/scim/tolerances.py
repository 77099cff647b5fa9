"""What this server takes from clients beyond the RFCs: each tolerance by its name.

A name is used where the tolerance lives, and by the cases in ``tests/dialects``, each of which
tells who sends it and where that is documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scim_server.directory.definitions import Attribute

TOLERANCES: Mapping[str, str] = {
    "unquoted_value": "A bare word after an operator of a filter is taken for a text.",
    "operation_case": "The op of a PATCH operation is read without regard to case.",
    "text_boolean": 'A boolean may come as the text "True" or "False", in any case.',
    "single_for_list": "A single value stands for a list of one.",
    "list_for_single": "A list of one stands for its single value.",
    "bare_manager": "A text for a complex attribute with a value, such as manager, is its value.",
    "dotted_keys": "A key in a value of a PATCH operation may be a path: name.givenName, or a URN.",
    "described_element": "A value filter that matches nothing describes, by eq, the value to add.",
    "remove_with_value": "A remove with a value removes those values and leaves the others.",
    "soft_deleted": "IsSoftDeleted is the opposite of active.",
    "unqualified_extension": "An attribute of an extension may come without the extension's URN.",
    "unknown_attribute": "An attribute that no schema has is ignored, and never stored.",
    "null_value": "A null, or an empty list, is an attribute without a value.",
    "unknown_schema": "A URN in schemas that is not known, or misspelt, is ignored.",
}

_SOFT_DELETED = "issoftdeleted"


def soft_deleted(name: str, value: Any) -> tuple[str, Any] | None:
    """``soft_deleted``: what an attribute called ``name`` says of ``active``; none where it says
    nothing of it. A null stays one, and is left out like any other.
    """
    if name.lower() != _SOFT_DELETED:
        return None
    given = boolean(value)
    return "active", not given if isinstance(given, bool) else given


def shaped(attribute: Attribute, value: Any) -> Any:
    """``list_for_single``, ``single_for_list`` and ``bare_manager``: the value in the plurality
    and the shape of its attribute.
    """
    if attribute.is_list:
        return value if isinstance(value, list) else [value]
    if isinstance(value, list) and len(value) < 2:
        value = value[0] if value else None
    if isinstance(value, str) and attribute.is_complex and "value" in attribute.parts:
        return {"value": value}
    return value


def boolean(value: Any) -> Any:
    """``text_boolean``: the boolean that a text stands for; anything else as it is."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    return value
