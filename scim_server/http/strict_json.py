"""Reading JSON that no two parsers could understand differently.

Refused: repeated member names (RFC 8259 §4 leaves them open; SCIM compares names without case),
NaN and Infinity, lone surrogates and NUL, and nesting deeper than a limit.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from scim_server.errors import InvalidSyntax

# An unfinished text ends with the body: scanned once, not again from each quotation mark in it.
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def loads(text: bytes, *, max_depth: int) -> Any:
    """The value of ``text``. Raises :class:`~scim_server.errors.InvalidSyntax`."""
    _check_depth(text, max_depth)
    try:
        value = json.loads(
            text.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant
        )
    except UnicodeDecodeError:
        raise InvalidSyntax("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise InvalidSyntax(
            f"The body is not JSON: line {error.lineno}, column {error.colno}."
        ) from None
    except (ValueError, RecursionError):
        raise InvalidSyntax("The body is not JSON that can be read.") from None
    if b"\\u" in text:  # no other way leads to such a character: JSON and UTF-8 refuse it as it is
        _check_texts(value)
    return value


def _check_depth(text: bytes, limit: int) -> None:
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", text)):
        depth += 1 if bracket in b"[{" else -1
        if depth > limit:
            raise InvalidSyntax(f"The body is nested deeper than {limit} levels.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen = set()
    for name, _ in pairs:
        if name.lower() in seen:
            raise InvalidSyntax("The body has an object with the same name twice.")
        seen.add(name.lower())
    return dict(pairs)


def _check_texts(value: Any) -> None:
    """Every name and text, however deep; the depth was checked before."""
    if isinstance(value, dict):
        for name, inner in value.items():
            _check_texts(name)
            _check_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_texts(inner)
    elif isinstance(value, str) and _UNSTORABLE.search(value):
        raise InvalidSyntax("The body has a character that no text may hold.")


def _constant(name: str) -> NoReturn:
    raise InvalidSyntax(f"{name} is not a JSON value.")
