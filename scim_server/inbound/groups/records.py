"""From the published group to what Entra ID is given of it: its kind and its name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

Kind = Literal["none", "security", "microsoft365"]
KINDS: tuple[Kind, ...] = ("none", "security", "microsoft365")

_LONGEST_NAME = 256
_DESCRIPTION = "Grupa przedmiotowa z UONET+, prowadzona automatycznie"


def unique_name(scim_id: str) -> str:
    """What Entra finds the group by again; the ids of a unit are derived from a secret of its."""
    return f"scim-server-{scim_id}"


def shown_name(document: Mapping[str, Any]) -> str:
    return str(document["displayName"])[:_LONGEST_NAME]


def digest_of(name: str) -> str:
    """What tells one name from another."""
    return hashlib.sha256(name.encode()).hexdigest()


def creation(kind: Kind, scim_id: str, name: str) -> dict[str, Any]:
    """A whole group without members. Entra makes Microsoft 365 groups public unless told not to:
    everybody of the tenant could read what a class writes.
    """
    properties = {
        "displayName": name,
        "description": _DESCRIPTION,
        "mailNickname": f"uonet{scim_id.replace('-', '')}",
    }
    if kind == "security":
        return properties | {"groupTypes": [], "mailEnabled": False, "securityEnabled": True}
    return properties | {
        "groupTypes": ["Unified"],
        "mailEnabled": True,
        "securityEnabled": False,
        "visibility": "Private",
    }
