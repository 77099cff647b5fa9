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
    ValuePath,
)

from scim_server.directory.definitions import Attribute
from scim_server.errors import InvalidFilter
from scim_server.scim import tolerances

_Operator = CompareOperator
_ORDER = frozenset({_Operator.gt, _Operator.ge, _Operator.lt, _Operator.le})
_STRING = frozenset({_Operator.co, _Operator.sw, _Operator.ew})


def matches(attribute: Attribute, node: FilterNode, value: Any) -> bool:
    """Whether ``value``, one of ``attribute``'s, satisfies the filter ``node``."""
    return _Matcher(attribute, value).visit(node)


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

    def visit_value_path(self, node: ValuePath) -> bool:
        raise InvalidFilter(f"{node.attr_path} has no values to select from.")

    def visit_comparison(self, node: Comparison) -> bool:
        part, value = self._found(node.attr_path.attr)
        wanted = node.value
        if part.type == "boolean":
            wanted = tolerances.boolean(wanted)
            if node.op in _ORDER | _STRING or not isinstance(wanted, bool | None):
                raise InvalidFilter(f"{part.path} is compared with true or false.")
        elif not isinstance(wanted, str | None):
            raise InvalidFilter(f"{part.path} is compared with a text.")
        return _compare(node.op, _key(part, value), _key(part, wanted))

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


def _key(attribute: Attribute, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    plain = normalize("NFC", value)
    return plain if attribute.is_case_exact else normalize("NFC", plain.lower())
