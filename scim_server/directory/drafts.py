"""What a feed hands to the directory: resources and memberships by the register's own keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Draft:
    """One resource as the register has it now, before the directory gave it an id and a state.

    ``document`` is a SCIM document of plain values, without ``id``, ``meta`` and members;
    ``schools`` names at least one school of the unit, in the unit's order.
    """

    resource_type: Literal["User", "Group"]
    external_id: str
    document: dict[str, Any]
    schools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """One person belongs to one group. Both are external ids of drafts of the same feed."""

    group: str
    person: str
