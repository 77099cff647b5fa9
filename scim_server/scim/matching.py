"""Whether a value of a multi-valued attribute is selected by the filter of a path.

The same logic as of a search (:mod:`scim_server.directory.filters`), on a value in hand.
"""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

from scim2_models.path import (
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
)

from scim_server.directory.definitions import Attribute
from scim_server.scim import tolerances

_Operator = CompareOperator


def matches(attribute: Attribute, node: FilterNode, value: Any) -> bool:
    """Whether ``value``, one of ``attribute``'s, satisfies the filter ``node``.

    The filter fits the attribute, as :mod:`.paths` has seen.
    """
    return _Matcher(attribute, value).visit(node)


def folded(attribute: Attribute, value: Any) -> Any:
    """``value`` in the form in which values of ``attribute`` are compared, part by part."""
    if isinstance(value, dict):
        return {name: folded(attribute.parts[name.lower()], each) for name, each in value.items()}
    if not isinstance(value, str):
        return value
    plain = normalize("NFC", value)
    return plain if attribute.is_case_exact else normalize("NFC", plain.lower())


class _Matcher(FilterVisitor[bool]):
    def __init__(self, attribute: Attribute, value: Any) -> None:
        self._attribute = attribute
        self._value = value

    def visit_logical_expr(self, node: LogicalExpr) -> bool:
        decide = all if node.op == LogicalOperator.and_ else any
        return decide([self.visit(term) for term in node.terms])

    def visit_not(self, node: Not) -> bool:
        return not self.visit(node.expr)

    def visit_present(self, node: Present) -> bool:
        _, value = self._found(node.attr_path.attr)
        return value not in (None, "")

    def visit_comparison(self, node: Comparison) -> bool:
        part, value = self._found(node.attr_path.attr)
        wanted = tolerances.boolean(node.value) if part.type == "boolean" else node.value
        if part.name == "primary" and value is None and wanted is not None:
            value = False  # RFC 7643 §2.4
        return _compare(node.op, folded(part, value), folded(part, wanted))

    def _found(self, name: str) -> tuple[Attribute, Any]:
        part = self._attribute.part(name)
        if part is None:
            return self._attribute, self._value
        return part, self._value.get(part.name)


def _compare(op: CompareOperator, value: Any, wanted: Any) -> bool:
    if op == _Operator.eq:
        return bool(value == wanted)
    if op == _Operator.ne:
        return bool(value != wanted)
    if value is None or wanted is None:
        return False
    match op:
        case _Operator.co:
            return wanted in value
        case _Operator.sw:
            return bool(value.startswith(wanted))
        case _Operator.ew:
            return bool(value.endswith(wanted))
        case _Operator.gt:
            return bool(value > wanted)
        case _Operator.ge:
            return bool(value >= wanted)
        case _Operator.lt:
            return bool(value < wanted)
        case _:
            return bool(value <= wanted)
