"""Creating, replacing, patching and deleting one resource within a change.

Each function is a whole operation of RFC 7644 §3.3 to §3.6 on a unit that may be written; how it
is asked for, alone or within a Bulk request, is not its business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from scim_server.directory.changes import Change, Document, Held
from scim_server.directory.documents import COLLECTIONS
from scim_server.directory.members import Members
from scim_server.directory.models import ResourceType
from scim_server.errors import NoTarget, NotFound, PreconditionFailed
from scim_server.http.negotiation import allows_version
from scim_server.scim.edits import Edit, MemberEdit, Operation
from scim_server.scim.filter_text import take_apart_selection
from scim_server.scim.patching import apply

_MEMBERS = COLLECTIONS["Group"]


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a resource. ``hides`` tells that its group is too long to be shown unasked."""

    resource_type: ResourceType
    id: str
    hides: bool = False


@dataclass(frozen=True, slots=True)
class Writing:
    """Operations of one change. ``most_members`` is the length up to which a group that was
    patched is shown; ``expected`` holds ids of resources that the change is about to create.
    """

    change: Change
    most_members: int
    expected: frozenset[str] = frozenset()

    def create(
        self, resource_type: ResourceType, document: Document, id: str | None = None
    ) -> Written:
        """Raises :class:`~scim_server.errors.Conflict` for a userName that is taken."""
        members = document.pop(_MEMBERS, None)
        held = self.change.create(resource_type, document, id)
        if members:
            edited = self._members(held)
            edited.add(members)
            edited.finish()
        return Written(resource_type, held.id)

    def replace(
        self, resource_type: ResourceType, id: str, document: Document, if_match: str
    ) -> Written:
        """Attributes that ``document`` doesn't have are removed; the password alone stays.

        Raises :class:`~scim_server.errors.NotFound`,
        :class:`~scim_server.errors.PreconditionFailed` and
        :class:`~scim_server.errors.Conflict`.
        """
        held = self.find(resource_type, id, if_match)
        members = document.pop(_MEMBERS, [])
        if "password" in held.document:
            document.setdefault("password", held.document["password"])
        touched = False
        if resource_type.name == "Group":
            edited = self._members(held)
            edited.replace(members)
            touched = edited.finish()
        self._update(resource_type, held, document, touched=touched)
        return Written(resource_type, id)

    def patch(
        self,
        resource_type: ResourceType,
        id: str,
        operations: tuple[Operation, ...],
        if_match: str,
    ) -> Written:
        """All operations in order, or none. Raises as :meth:`replace`, and
        :class:`~scim_server.errors.NoTarget` and :class:`~scim_server.errors.InvalidValue` where
        an operation doesn't fit what is stored.
        """
        held = self.find(resource_type, id, if_match)
        members = self._members(held)
        document, edits_members = held.document, False
        for operation in operations:
            document = apply(tuple(each for each in operation if isinstance(each, Edit)), document)
            for each in operation:
                if isinstance(each, MemberEdit):
                    edits_members = True
                    self._edit_members(resource_type, members, each)
        touched = members.finish() if edits_members else False
        self._update(resource_type, held, document, touched=touched)
        return Written(resource_type, id, edits_members and members.exceed(self.most_members))

    def delete(self, resource_type: ResourceType, id: str, if_match: str) -> None:
        """Raises :class:`~scim_server.errors.NotFound` and
        :class:`~scim_server.errors.PreconditionFailed`.
        """
        self.change.delete(resource_type, self.find(resource_type, id, if_match))

    def find(self, resource_type: ResourceType, id: str, if_match: str = "") -> Held:
        """The resource as it is now, if it has one of the versions that ``if_match`` names."""
        held = self.change.find(resource_type, id)
        if held is None:
            raise NotFound(f"There is no {resource_type.name} with this id.")
        if not allows_version(if_match, held.version):
            raise PreconditionFailed(
                "The resource has another version by now. Read it, and decide again."
            )
        return held

    def _update(
        self, resource_type: ResourceType, held: Held, document: Document, *, touched: bool
    ) -> None:
        if _is_same(document, held.document):
            document = held.document
        self.change.update(resource_type, held, document, touched=touched)

    def _members(self, held: Held) -> Members:
        return Members(
            self.change,
            held.seq,
            takes_unknown=self.change.policy.takes_unknown_members,
            expected=self.expected,
        )

    def _edit_members(
        self, resource_type: ResourceType, members: Members, edit: MemberEdit
    ) -> None:
        if edit.selection:
            selection, literals = take_apart_selection(edit.selection, resource_type, _MEMBERS)
            found = members.remove_selected(selection, literals)
            if edit.must_select and not found:
                raise NoTarget("No member is selected by the filter of the path.")
        elif edit.op == "remove" and not edit.values:
            members.clear()
        else:
            act: Mapping[str, Callable[[Any], None]] = {
                "add": members.add,
                "replace": members.replace,
                "remove": lambda values: members.remove([each["value"] for each in values]),
            }
            act[edit.op](edit.values)


def _is_same(one: Any, other: Any) -> bool:
    """Whether both say the same: the order of values has no meaning (RFC 7643 §2.4)."""
    if one == other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            _is_same(value, other[name]) for name, value in one.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and _sorted(one) == _sorted(other)
    return False


def _sorted(values: list[Any]) -> list[bytes]:
    return sorted(orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in values)
