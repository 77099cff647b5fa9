"""From a SCIM filter to SQL (RFC 7644 §3.4.2.2).

A filter reaches this module as its *shape*, in which every literal is replaced by a numbered
mark, and the literals beside it. Shapes repeat where literals don't (a client asks for one login
after another), so a shape is parsed and compiled once and kept.

The logic has two values: a comparison with an absent attribute is false, except that ``ne``
holds and ``eq null`` holds; ``not`` turns exactly that around. ``ne`` on a multi-valued
attribute means that no value is equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from unicodedata import normalize

from scim2_models import InvalidFilterException, ScimFilter, default_comparison_key
from scim2_models.base import BaseModel
from scim2_models.path import (
    AttributeBinding,
    AttrPath,
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
from sqlalchemy import ColumnElement, and_, bindparam, false, func, not_, or_, true

from scim_server.clock import stamp
from scim_server.directory.attributes import Collection, Scalar, collection, may_be_compared, scalar
from scim_server.directory.expressions import Beginning, Contains, Searched
from scim_server.directory.models import ResourceType
from scim_server.directory.rendering import SEARCHED
from scim_server.errors import InvalidFilter

MARK = "\ue000"
"""Begins the mark that stands for a literal: ``"\\ue0003+"`` is literal 3, ``-`` a short one."""

_TRIGRAM = 3

Parameters = dict[str, Any]
_Operator = CompareOperator
_NAMING = frozenset({"user_name", "external_id", "display_name"})
_STRING_ONLY = frozenset({_Operator.co, _Operator.sw, _Operator.ew})
_ORDER = frozenset({_Operator.gt, _Operator.ge, _Operator.lt, _Operator.le})


def mark(number: int, literal: str) -> str:
    """The quoted mark for ``literal``. It tells a term too short for the trigram index."""
    plain, shortest = literal, len(literal)
    if not literal.isascii():
        plain = normalize("NFC", literal)
        shortest = min(len(plain), len(normalize("NFC", plain.lower())))
    return f'"{MARK}{number}{"+" if shortest >= _TRIGRAM and chr(10) not in plain else "-"}"'


@dataclass(frozen=True, slots=True)
class CompiledFilter:
    """SQL conditions by resource type, and how literals become their parameters.

    ``searched`` names the types whose condition holds only for what the trigram index proposes;
    ``names_one`` tells that only resources with one value of an indexed key can match: few.
    """

    conditions: Mapping[str, ColumnElement[bool]]
    searched: frozenset[str]
    names_one: bool
    _binders: tuple[tuple[int, Callable[[str], Parameters]], ...]
    terms: int
    depth: int

    def parameters(self, literals: Sequence[str]) -> Parameters:
        """Raises :class:`InvalidFilter` where a literal is not of its attribute's type."""
        return _bound(self._binders, literals)


@lru_cache(maxsize=1_024)
def compile_filter(shape: str, types: tuple[ResourceType, ...]) -> CompiledFilter:
    """Compile ``shape`` for the given types, each the type of some rows of the same search.

    An attribute that only some types have is absent from the others (RFC 7644 §3.4.2.1); one
    that none has raises :class:`~scim_server.errors.InvalidFilter`, as does everything that the
    grammar or the attribute's type doesn't allow.
    """
    tree = parse(shape)
    binders: dict[tuple[str, int, str], tuple[int, Callable[[str], Parameters]]] = {}
    known: set[AttrPath] = set()
    met: list[AttrPath] = []
    conditions, searched_types, names_one = {}, set(), True
    for each in types:
        compiler = _Compiler(each, binders, known, met)
        conditions[each.name] = compiler.visit(tree)
        if compiler.is_searched:
            searched_types.add(each.name)
        names_one = names_one and compiler.names_one
    for path in met:
        if path not in known:
            raise InvalidFilter(f"{path} is not an attribute that can be filtered here.")
    measure = _Measure()
    depth = measure.visit(tree)
    return CompiledFilter(
        conditions,
        frozenset(searched_types),
        names_one,
        tuple(binders.values()),
        measure.terms,
        depth,
    )


@dataclass(frozen=True, slots=True)
class Selection:
    """The values of a multi-valued attribute that the filter of a path selects, as rows."""

    shape: str
    rows: Collection
    condition: ColumnElement[bool]
    _binders: tuple[tuple[int, Callable[[str], Parameters]], ...]

    @property
    def listed(self) -> ColumnElement[int]:
        """The number of the resource that a row of a membership lists."""
        assert self.rows.listed is not None
        return self.rows.listed

    def parameters(self, literals: Sequence[str]) -> Parameters:
        """Raises :class:`InvalidFilter` where a literal is not of its attribute's type."""
        return _bound(self._binders, literals)


@lru_cache(maxsize=256)
def select_values(shape: str, resource_type: ResourceType, attribute: str) -> Selection:
    """Compile the filter that stands in the brackets after ``attribute``."""
    path = AttrPath(attr=attribute)
    binding = resource_type.attribute(path)
    assert binding is not None
    compiler = _Compiler(resource_type, {}, set(), [])
    rows = collection(resource_type, binding)
    compiler.host = (path, rows)
    condition = compiler.visit(parse(shape))
    return Selection(shape, rows, condition, tuple(compiler.binders.values()))


def parse(text: str) -> FilterNode:
    """The tree of a filter. Raises :class:`~scim_server.errors.InvalidFilter`."""
    try:
        return ScimFilter[Any](text).ast
    except InvalidFilterException as error:
        raise InvalidFilter(f"The filter can't be read: {_reason(error)}.") from None


def _bound(
    binders: Sequence[tuple[int, Callable[[str], Parameters]]], literals: Sequence[str]
) -> Parameters:
    bound: Parameters = {}
    for number, binder in binders:
        bound |= binder(literals[number])
    return bound


def _reason(error: InvalidFilterException) -> str:
    return str(error.detail or "invalid syntax").removeprefix("invalid ").rstrip(".").strip()


class _Measure(FilterVisitor[int]):
    """The depth of a filter; ``terms`` counts its comparisons."""

    def __init__(self) -> None:
        self.terms = 0

    def visit_comparison(self, node: Comparison) -> int:
        self.terms += 1
        return 1

    def visit_present(self, node: Present) -> int:
        self.terms += 1
        return 1

    def visit_not(self, node: Not) -> int:
        return 1 + self.visit(node.expr)

    def visit_logical_expr(self, node: LogicalExpr) -> int:
        return 1 + max(self.visit(term) for term in node.terms)

    def visit_value_path(self, node: ValuePath) -> int:
        return 1 + self.visit(node.val_filter)


class _Compiler(FilterVisitor[ColumnElement[bool]]):
    """One pass over the tree for one resource type.

    Conditions that can be NULL (an absent attribute) are wrapped under ``not`` alone: elsewhere
    NULL counts as false anyway, and a bare comparison can use an index.
    """

    def __init__(
        self,
        resource_type: ResourceType,
        binders: dict[tuple[str, int, str], tuple[int, Callable[[str], Parameters]]],
        known: set[AttrPath],
        met: list[AttrPath],
    ) -> None:
        self.type = resource_type
        self.binders = binders
        self.known = known
        self.met = met
        self.negated = False
        self.required = True  # whether what is visited must hold for the whole filter to hold
        self.is_searched = False
        self.names_one = False
        self.host: tuple[AttrPath, Collection] | None = None

    def visit_logical_expr(self, node: LogicalExpr) -> ColumnElement[bool]:
        if node.op == LogicalOperator.and_:
            return and_(*[self.visit(term) for term in node.terms])
        before, self.required = self.required, False
        try:
            return or_(*[self.visit(term) for term in node.terms])
        finally:
            self.required = before

    def visit_not(self, node: Not) -> ColumnElement[bool]:
        before = self.negated, self.required
        self.negated, self.required = True, False
        try:
            return not_(self.visit(node.expr))
        finally:
            self.negated, self.required = before

    def visit_present(self, node: Present) -> ColumnElement[bool]:
        if self.host:
            return self._present(self._element_scalar(node.attr_path))
        binding = self._find(node.attr_path, self.type.attribute)
        if binding is None:
            return false()
        if not binding.is_multivalued:
            leaves = _leaves(self.type, node.attr_path, binding)
            parts = [scalar(self.type, each) for each in leaves]
            return or_(*[self._present(each) for each in parts])
        rows = collection(self.type, binding)
        if binding.sub_field_name:
            return rows.some(self._present(rows.scalar(binding)))
        subs = _leaves(self.type, node.attr_path, binding)
        return rows.some(or_(*[self._present(rows.scalar(each)) for each in subs]))

    def visit_value_path(self, node: ValuePath) -> ColumnElement[bool]:
        binding = self._find(node.attr_path, self.type.attribute)
        if binding is None:
            return false()
        if not binding.is_multivalued or self.host:
            raise InvalidFilter(f"{node.attr_path} has no values to select from.")
        rows = collection(self.type, binding)
        self.host = (node.attr_path, rows)
        try:
            return rows.some(self.visit(node.val_filter))
        finally:
            self.host = None

    def visit_comparison(self, node: Comparison) -> ColumnElement[bool]:
        if self.host:
            return self._compare(node, self._element_scalar(node.attr_path))
        binding = self._find(node.attr_path, self.type.compared)
        if binding is None:
            return false()
        if not binding.is_multivalued:
            if _is_complex(binding):
                raise InvalidFilter(
                    f"{node.attr_path} is complex; compare one of its sub-attributes."
                )
            return self._compare(node, scalar(self.type, binding))
        return self._compare_all(node, collection(self.type, binding), binding)

    def _compare_all(
        self, node: Comparison, rows: Collection, binding: AttributeBinding
    ) -> ColumnElement[bool]:
        value = rows.scalar(binding)
        if node.op != _Operator.ne:
            inner = rows.some(self._compare(node, value))
            return or_(inner, not_(rows.some(true()))) if _is_null(node, _Operator.eq) else inner
        equal = rows.some(self._compare(_equal(node), value))
        return and_(rows.some(true()), not_(equal)) if node.value is None else not_(equal)

    def _find(
        self, path: AttrPath, resolve: Callable[[AttrPath], AttributeBinding | None]
    ) -> AttributeBinding | None:
        binding = resolve(path)
        self.met.append(path)
        if binding is None or not may_be_compared(binding):
            return None
        self.known.add(path)
        return binding

    def _element_scalar(self, path: AttrPath) -> Scalar:
        """A sub-attribute inside brackets, read from the row that the brackets select."""
        assert self.host is not None
        host, rows = self.host
        binding = self.type.attribute(AttrPath(attr=host.attr, sub_attr=path.attr, uri=host.uri))
        if binding is None and path.attr.lower() == "value" and rows.is_simple:
            binding = self.type.attribute(host)
        if binding is None or path.uri or path.sub_attr:
            raise InvalidFilter(f"{path} is not a sub-attribute of {host}.")
        return rows.scalar(binding)

    def _present(self, value: Scalar) -> ColumnElement[bool]:
        here = value.expression.is_not(None)
        return and_(here, value.expression != "") if value.kind is str else here

    def _compare(self, node: Comparison, value: Scalar) -> ColumnElement[bool]:
        _check_operator(node, value)
        if node.value is None:
            absent = value.expression.is_(None)
            return {_Operator.eq: absent, _Operator.ne: not_(absent)}.get(node.op, false())
        if value.kind is datetime and node.op in _STRING_ONLY:
            return false()  # an instant is no text: nothing stands in it
        if node.op == _Operator.ne:
            return value.compared.is_distinct_from(self._bind(node, value, "p"))
        condition = self._positive(node, value)
        return func.coalesce(condition, false()) if self.negated else condition

    def _positive(self, node: Comparison, value: Scalar) -> ColumnElement[bool]:
        key, term = value.compared, self._bind(node, value, "p")
        match node.op:
            case _Operator.eq:
                self.names_one = self.names_one or (self.required and value.column in _NAMING)
                if value.is_indexed:
                    return and_(key == term, Beginning(key) == Beginning(term))
                return key == term
            case _Operator.gt:
                return key > term
            case _Operator.ge:
                return key >= term
            case _Operator.lt:
                return key < term
            case _Operator.le:
                return key <= term
            case _Operator.sw:
                return and_(key >= term, key < self._bind(node, value, "after"))
            case _Operator.ew:
                length = self._bind(node, value, "length")
                tail = func.substr(key, func.length(key) - length + 1)
                return and_(func.length(key) >= length, tail == term)
            case _:
                return self._contains(node, value, term)

    def _contains(
        self, node: Comparison, value: Scalar, term: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        decides = Contains(value.expression, term)
        if value.column not in SEARCHED or str(node.value).endswith("-"):
            return decides
        self.is_searched = self.is_searched or self.required
        phrase, pattern = self._bind(node, value, "phrase"), self._bind(node, value, "pattern")
        return and_(Searched(phrase, pattern), decides)

    def _bind(self, node: Comparison, value: Scalar, role: str) -> ColumnElement[Any]:
        if isinstance(node.value, bool):
            if value.kind is not bool:
                raise InvalidFilter(f"{node.attr_path} is not compared with true or false.")
            return true() if node.value else false()
        number = int(str(node.value)[1:-1])
        flavour = f"{value.kind.__name__}{int(value.binding.case_exact)}"
        name = f"{role}{number}_{flavour}"
        if (role, number, flavour) not in self.binders:
            binder = _binder(name, role, value, str(node.attr_path))
            self.binders[role, number, flavour] = (number, binder)
        return bindparam(name, type_=value.bind_type(role))


def _binder(name: str, role: str, value: Scalar, path: str) -> Callable[[str], Parameters]:
    """Turns a literal into the parameter ``name``."""
    binding = value.binding
    if value.kind is bool:
        return lambda literal: {name: _boolean(literal, path)}
    if value.kind is datetime:
        return lambda literal: {name: _instant(literal, path)}
    prepare = _PREPARATIONS[role]
    return lambda literal: {name: prepare(default_comparison_key(binding, literal))}


def _boolean(literal: str, path: str) -> bool:
    try:
        return {"true": True, "false": False}[literal.lower()]
    except KeyError:
        raise InvalidFilter(f"{path} is compared with true or false.") from None


def _instant(literal: str, path: str) -> str:
    """A dateTime as it is stored; one without an offset is taken for UTC."""
    try:
        moment = datetime.fromisoformat(literal)
        return stamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise InvalidFilter(
            f"{path} is compared with a dateTime such as 2026-09-01T00:00:00Z."
        ) from None


def _after(prefix: str) -> str:
    """The least text that is greater than everything that starts with ``prefix``."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return "\U0010ffff" * (len(prefix) + 1)
    following = ord(kept[-1]) + 1
    if following == 0xD800:  # surrogates are no characters
        following = 0xE000
    return kept[:-1] + chr(following)


def _phrase(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


def _pattern(term: str) -> str:
    escaped = term.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


_PREPARATIONS: Mapping[str, Callable[[str], Any]] = {
    "p": str,
    "after": _after,
    "length": len,
    "phrase": _phrase,
    "pattern": _pattern,
}


def _is_complex(binding: AttributeBinding) -> bool:
    target = binding.target_type
    return isinstance(target, type) and issubclass(target, BaseModel)


def _leaves(
    resource_type: ResourceType, path: AttrPath, binding: AttributeBinding
) -> list[AttributeBinding]:
    """The attribute itself, or each sub-attribute of a complex one."""
    if not _is_complex(binding):
        return [binding]
    fields = getattr(binding.field_type, "model_fields", {})
    names = [field.serialization_alias or name for name, field in fields.items()]
    found = [
        resource_type.attribute(AttrPath(attr=path.attr, sub_attr=name, uri=path.uri))
        for name in names
    ]
    return [each for each in found if each is not None]


def _is_null(node: Comparison, op: CompareOperator) -> bool:
    return node.value is None and node.op == op


def _equal(node: Comparison) -> Comparison:
    return Comparison(attr_path=node.attr_path, op=_Operator.eq, value=node.value)


def _check_operator(node: Comparison, value: Scalar) -> None:
    """RFC 7644 §3.4.2.2: booleans and binaries have no order, and no parts."""
    if value.kind in (bool, bytes) and node.op in _ORDER | _STRING_ONLY:
        kind = "boolean" if value.kind is bool else "binary"
        raise InvalidFilter(f"{node.op.value} can't be used with the {kind} {node.attr_path}.")
