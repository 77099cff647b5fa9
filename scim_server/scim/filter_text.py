"""The text of a filter, taken apart into its shape and its literals.

A literal is cut out before anything is parsed, so the parser sees a text without values, and the
same shape is compiled once for all the values that clients ask for. Bounds are checked on the
text, before any work is spent on it.

Tolerance ``unquoted_value``: Microsoft's documentation prints ``externalId eq jyoung`` and
``id eq 54D3…``. A bare word or number after a comparison operator is taken for a text, unless it
is ``true``, ``false`` or ``null``, or begins with a quotation mark that JSON doesn't know; against
a boolean it is refused later.
"""

from __future__ import annotations

import json
import re

from scim_server.directory.filters import (
    MARK,
    Selection,
    compile_filter,
    mark,
    select_values,
)
from scim_server.directory.models import ResourceType
from scim_server.errors import InvalidFilter

# A text that doesn't end is taken too, and refused: looking for an end again and again, from
# each of its quotation marks, would take the square of its length.
_STRING = r'"(?:[^"\\\x00-\x1f]|\\.)*"?'
_WORD = r"[^\s()\[\]\"'‘’‚“”„][^\s()\[\]\"]*"
_BARE = rf"(?<=\s)(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+(?!(?:true|false|null)\b)({_WORD})"
_LITERAL = re.compile(rf"({_STRING})|{_BARE}", re.IGNORECASE)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_OPERATOR = re.compile(r"(?<=\s)(?:eq|ne|co|sw|ew|gt|ge|lt|le|pr)(?![\w$.:-])", re.IGNORECASE)
_BRACKET = re.compile(r"[(\[]|[)\]]")

NESTED = 8
"""How deep the filter within a path may be nested."""


def take_apart(
    text: str, types: tuple[ResourceType, ...], *, longest: int, deepest: int, terms: int
) -> tuple[str, tuple[str, ...]]:
    """The shape of the filter ``text`` and its literals in order.

    ``longest`` is in bytes of UTF-8, ``deepest`` counts nested expressions, ``terms``
    comparisons. Raises :class:`~scim_server.errors.InvalidFilter` for a filter over a bound, one
    that can't be read, and one with an attribute that none of ``types`` has.
    """
    if len(text) > longest or len(text.encode("utf-8", "surrogatepass")) > longest:
        raise InvalidFilter(f"The filter is longer than {longest} bytes.")
    shape, literals = _cut(text)
    _check_nesting(shape, deepest)
    if max(len(literals), len(_OPERATOR.findall(shape))) > terms:
        raise InvalidFilter(f"The filter has more than {terms} comparisons.")
    compiled = compile_filter(shape, types)
    if compiled.terms > terms:
        raise InvalidFilter(f"The filter has more than {terms} comparisons.")
    if compiled.depth > deepest:
        raise InvalidFilter(f"The filter is nested deeper than {deepest} levels.")
    return shape, literals


def _cut(text: str) -> tuple[str, tuple[str, ...]]:
    if MARK in text:
        raise InvalidFilter("The filter has a character that no value here can hold.")
    literals: list[str] = []

    def cut(found: re.Match[str]) -> str:
        bare = found[2]
        literals.append(_value(found[1]) if bare is None else bare)
        marked = mark(len(literals) - 1, literals[-1])
        return marked if bare is None else f"{found[0][: -len(bare)]}{marked}"

    shape = _LITERAL.sub(cut, text)
    return shape, tuple(literals)


def take_apart_selection(
    text: str, resource_type: ResourceType, attribute: str
) -> tuple[Selection, tuple[str, ...]]:
    """The filter ``text`` in the brackets after ``attribute``, compiled, and its literals."""
    shape, literals = _cut(text)
    return select_values(shape, resource_type, attribute), literals


def quoted(text: str, *, deepest: int = NESTED) -> str:
    """The filter ``text`` with a bare word after an operator quoted, and its nesting checked.

    Raises :class:`~scim_server.errors.InvalidFilter`.
    """

    def quote(found: re.Match[str]) -> str:
        if found[2] is None:
            _value(found[1])
            return found[0]
        return f"{found[0][: -len(found[2])]}{json.dumps(found[2])}"

    made = _LITERAL.sub(quote, text)
    _check_nesting(_LITERAL.sub("", text), deepest)
    return made


def _value(text: str) -> str:
    try:
        value = str(json.loads(text))
    except ValueError:
        raise InvalidFilter("The filter has a text that is not a JSON string.") from None
    if _UNSTORABLE.search(value):
        raise InvalidFilter("The filter has a character that no value here can hold.")
    return value


def _check_nesting(shape: str, deepest: int) -> None:
    depth = 0
    for bracket in _BRACKET.findall(shape):
        depth += 1 if bracket in "([" else -1
        if depth > deepest:
            raise InvalidFilter(f"The filter is nested deeper than {deepest} levels.")
