"""What one operation of a PATCH comes down to: edits of single attributes, and of members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from scim_server.scim.paths import Target
from scim_server.scim.reception import Document

Op = Literal["add", "replace", "remove"]


@dataclass(frozen=True, slots=True)
class Edit:
    """One attribute, or the values that a filter selects, and what is done to it.

    ``value`` is as it is stored; none unassigns. Where a filter selects complex values, it holds
    the edits of their parts, and ``described`` the value that is made where the filter selects
    nothing, or none.
    """

    op: Op
    at: Target
    value: Any = None
    described: Document | None = None


@dataclass(frozen=True, slots=True)
class MemberEdit:
    """What is done to ``members``: ``values`` for ``add``, ``replace``, ``remove``; without values
    and selection ``remove`` means all of them. ``selection`` is the text of a filter, and
    ``must_select`` tells that it has to select somebody.
    """

    op: Op
    values: tuple[Document, ...] = ()
    selection: str = ""
    must_select: bool = False


Operation = tuple[Edit | MemberEdit, ...]
"""The edits of one operation, in order."""
