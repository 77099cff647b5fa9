"""Reading a PatchOp (RFC 7644 §3.5.2): from its operations to edits.

An operation is split into edits, each of one attribute or of the values that a filter selects.
Complex attributes are edited part by part, so that what an operation doesn't name stays as it is.
Memberships are not in a document: what an operation says of ``members`` is an edit of its own kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from scim2_models.path import CompareOperator, Comparison, LogicalExpr, LogicalOperator

from scim_server.directory.definitions import Attribute
from scim_server.directory.models import ResourceType
from scim_server.errors import (
    InvalidPath,
    InvalidSyntax,
    InvalidValue,
    NoTarget,
    TooMany,
    WrongMutability,
)
from scim_server.scim import tolerances
from scim_server.scim.edits import Edit, MemberEdit, Op, Operation
from scim_server.scim.paths import WHOLE, Target, target
from scim_server.scim.reception import Document, Reception

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_MOST_OPERATIONS = 1_000
_READ_BACK = frozenset(("id", "meta", "schemas"))
"""What a client that sends back a resource as it read it can't help sending."""


def operations(
    body: Any, resource_type: ResourceType, reception: Reception
) -> tuple[Operation, ...]:
    """The edits that a PatchOp asks for, operation by operation.

    Raises :class:`~scim_server.errors.InvalidSyntax` for what is no PatchOp,
    :class:`~scim_server.errors.InvalidPath`, :class:`~scim_server.errors.InvalidFilter`,
    :class:`~scim_server.errors.InvalidValue`, :class:`~scim_server.errors.NoTarget` for a remove
    without a path, and :class:`~scim_server.errors.WrongMutability` for a read-only attribute and
    for a required one that would be left without a value.
    """
    reader = _Reader(resource_type, reception)
    return tuple(_ordered(reader.edits(each)) for each in check_patch(body))


def check_patch(body: Any) -> list[Any]:
    """The operations of a PatchOp, unread. Raises :class:`~scim_server.errors.InvalidSyntax` for
    what is none, and :class:`~scim_server.errors.TooMany` for too many.
    """
    if not isinstance(body, Mapping):
        raise InvalidSyntax("The body is not a JSON object.")
    given = {name.lower(): value for name, value in body.items()}
    schemas, listed = given.get("schemas"), given.get("operations")
    if not isinstance(schemas, list) or PATCH_OP not in schemas:
        raise InvalidSyntax(f"The body's schemas don't name {PATCH_OP}.")
    if not isinstance(listed, list) or not listed:
        raise InvalidSyntax("Operations is a list of at least one operation.")
    if len(listed) > _MOST_OPERATIONS:
        raise TooMany(f"A request has at most {_MOST_OPERATIONS} operations. Send several.")
    return listed


def _ordered(edits: Iterator[Edit | MemberEdit]) -> Operation:
    """A new ``value`` takes what is said of the old one away, so it comes first."""
    return tuple(sorted(edits, key=lambda each: not (isinstance(each, Edit) and each.at.is_value)))


class _Reader:
    def __init__(self, resource_type: ResourceType, reception: Reception) -> None:
        self._type = resource_type
        self._reception = reception

    def edits(self, operation: Any) -> Iterator[Edit | MemberEdit]:
        if not isinstance(operation, Mapping):
            raise InvalidSyntax("An operation is an object.")
        given = {name.lower(): value for name, value in operation.items()}
        op, path = _op(given.get("op")), given.get("path")
        if path is not None and not isinstance(path, str):
            raise InvalidPath("path is a text.")
        if op == "remove":
            if not path:
                raise NoTarget("A remove needs a path.")
        elif "value" not in given or (op == "add" and given["value"] is None):
            raise InvalidValue(f"{op} needs a value.")
        at, value = self._target(path, given.get("value"))
        if at is None:
            return
        _check_mutability(at)
        yield from self._remove(at, value) if op == "remove" else self._write(op, at, value)

    def _target(self, path: str | None, value: Any) -> tuple[Target | None, Any]:
        if path is None or path == "":
            return WHOLE, value
        active = tolerances.soft_deleted(path, value)
        if active is None:
            return target(path, self._type), value
        if active[1] is None:
            return None, None
        return target(active[0], self._type), active[1]

    def _write(self, op: Op, at: Target, value: Any) -> Iterator[Edit | MemberEdit]:
        attribute = at.part or at.attribute
        if attribute is None:
            yield from self._write_parts(op, at, value)
        elif at.attribute is not None and at.attribute.path == "members":
            yield from self._write_members(op, at, value)
        elif attribute.is_complex and (at.filter is not None or not attribute.is_list):
            yield from self._write_complex(op, at, attribute, value)
        else:
            yield from self._edit(op, at, attribute, value)

    def _edit(self, op: Op, at: Target, attribute: Attribute, value: Any) -> Iterator[Edit]:
        if at.filter is not None and at.part is None:  # a simple value takes the place of others
            taken = self._reception.value(_single(attribute), value)
        else:
            taken = self._reception.value(attribute, value)
        if taken is None and op == "add" and at.filter is None:
            return
        if not taken and attribute.is_required and at.part is None:
            broken = WrongMutability if taken is None else InvalidValue
            raise broken(f"{attribute.path} is required.")
        described = None
        if at.part is not None and at.filter is not None and taken is not None:
            described = _described(at, {at.part.name: taken})
        yield Edit(op, at, taken, described)

    def _write_parts(self, op: Op, at: Target, value: Any) -> Iterator[Edit | MemberEdit]:
        """Each attribute of the resource, or of an extension, that ``value`` names."""
        if value is None and at.extension is not None:
            if op == "replace":
                yield Edit("remove", at)
            return
        if not isinstance(value, Mapping):
            raise InvalidValue(f"The value of {at.name} is an object.")
        for name, inner in value.items():
            if at is WHOLE and name.lower() in _READ_BACK:
                continue
            path = f"{at.extension.name}:{name}" if at.extension else name
            part, taken = self._part(path, inner)
            if part is None:
                continue
            _check_mutability(part)
            yield from self._write(op, part, taken)

    def _part(self, path: str, value: Any) -> tuple[Target | None, Any]:
        """``dotted_keys``: a key of a value is a path, but selects nothing."""
        try:
            at, value = self._target(path, value)
        except InvalidPath:
            return None, value
        return (None, value) if at is not None and at.filter is not None else (at, value)

    def _write_complex(
        self, op: Op, at: Target, attribute: Attribute, value: Any
    ) -> Iterator[Edit]:
        one = tolerances.shaped(_single(attribute), value)
        if one is None:
            if op == "replace":
                yield Edit("remove" if at.filter is None else op, at)
            return
        if not isinstance(one, Mapping):
            raise InvalidValue(f"{attribute.path} is an object.")
        parts: list[Edit] = []
        for name, inner in one.items():
            part = attribute.part(name)
            if part is not None and not part.is_read_only:
                parts += self._edit(op, replace(at, part=part), part, inner)
        if at.filter is None:
            yield from parts
            return
        given = {each.at.part.name: each.value for each in parts
                 if each.at.part is not None and each.value is not None}  # fmt: skip
        yield Edit(op, at, tuple(parts), _described(at, given))

    def _write_members(self, op: Op, at: Target, value: Any) -> Iterator[MemberEdit]:
        assert at.attribute is not None
        if at.part is not None:
            raise WrongMutability(f"{at.part.path} can't be changed once it is given.")
        taken = tuple(self._reception.value(at.attribute, value) or ())
        if at.filter is not None:
            yield MemberEdit("remove", selection=at.selection, must_select=True)
        yield MemberEdit("add" if at.filter is not None else op, taken)

    def _remove(self, at: Target, value: Any) -> Iterator[Edit | MemberEdit]:
        attribute = at.attribute
        if attribute is None:
            if at.extension is None:
                raise NoTarget("The resource is removed by DELETE.")
            yield Edit("remove", at)
            return
        if attribute.path == "members":
            yield self._remove_members(at, attribute, value)
            return
        is_whole = at.part is None and at.filter is None
        if is_whole and (attribute.is_required or attribute.name == "schemas"):
            raise WrongMutability(f"{attribute.path} is required.")
        if value is None or not attribute.is_list:
            yield Edit("remove", at)
            return
        if at.filter is not None or at.part is not None:
            raise InvalidValue("A remove has a value, or a filter in its path, but not both.")
        yield Edit("remove", at, tuple(self._reception.value(attribute, value) or ()))

    def _remove_members(self, at: Target, attribute: Attribute, value: Any) -> MemberEdit:
        if at.part is not None:
            raise WrongMutability(f"{at.part.path} can't be changed once it is given.")
        if at.filter is not None:
            return MemberEdit("remove", selection=at.selection)
        if value is None:
            return MemberEdit("remove")
        values = tuple(self._reception.value(attribute, value) or ())
        # An empty list names nobody: to take it for everybody would empty the group.
        return MemberEdit("remove", values) if values else MemberEdit("add")


def _op(value: Any) -> Op:
    """``operation_case``."""
    match value.lower() if isinstance(value, str) else value:
        case "add":
            return "add"
        case "replace":
            return "replace"
        case "remove":
            return "remove"
    raise InvalidSyntax("op is add, replace or remove.")


def _check_mutability(at: Target) -> None:
    for each in (at.attribute, at.part):
        if each is not None and each.is_read_only and each.name != "schemas":
            raise WrongMutability(f"{each.path} is read-only.")


def _single(attribute: Attribute) -> Attribute:
    """``attribute`` as if it had a single value."""
    return replace(attribute, is_list=False)


def _described(at: Target, given: Document) -> Document | None:
    """``described_element``: what the eq comparisons of the filter say, and ``given``."""
    assert at.attribute is not None
    node = at.filter
    is_all = isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_
    terms = getattr(node, "terms", ()) if is_all else (node,)
    made: Document = {}
    for term in terms:
        if not isinstance(term, Comparison) or term.op != CompareOperator.eq:
            return None
        part = at.attribute.part(term.attr_path.attr)
        if part is None or term.value is None:
            return None
        made[part.name] = tolerances.boolean(term.value) if part.type == "boolean" else term.value
    return {**made, **given}
