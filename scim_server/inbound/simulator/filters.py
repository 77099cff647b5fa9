"""``$filter``: comparisons joined by ``and`` or by ``or``, which is as much as a push asks.

Anything else, and a property or operator that a resource doesn't name, is refused: a filter that
is half understood gives wrong answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scim_server.inbound.simulator.messages import GraphError

_TEXT = r"'(?:[^']|'')*'"
_MOMENT = r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,7})?Z)?"
_VALUE = rf"(?:{_TEXT}|{_MOMENT})"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z]+)?"
_COMPARISON = re.compile(rf"({_NAME}) +(eq|gt|lt|ge|le) +({_VALUE})")
_LIST = re.compile(rf"({_NAME}) +in +\( *({_TEXT}(?: *, *{_TEXT})*) *\)")
_FUNCTION = re.compile(rf"(contains|startswith)\( *({_NAME}) *, *({_TEXT}) *\)")
_JOIN = re.compile(r" +(and|or) +")

Names = Mapping[str, tuple[str, ...]]
"""Each property that may be asked for, as it is spelled, and its operators. One that has ``gt`` is
a moment, the others are texts.
"""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. ``in`` has several values, the others have one."""

    name: str
    operator: str
    values: tuple[Any, ...]

    def holds(self, value: Any) -> bool:
        if value is None:
            return False
        if isinstance(self.values[0], datetime):
            value = datetime.fromisoformat(value)
        return bool(_HOLDS[self.operator](value, self.values))


_HOLDS: dict[str, Callable[[Any, tuple[Any, ...]], bool]] = {
    "eq": lambda own, given: own in given,
    "in": lambda own, given: own in given,
    "gt": lambda own, given: own > given[0],
    "lt": lambda own, given: own < given[0],
    "ge": lambda own, given: own >= given[0],
    "le": lambda own, given: own <= given[0],
    "contains": lambda own, given: given[0] in own,
    "startswith": lambda own, given: own.lower().startswith(given[0].lower()),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions of which all have to hold, or any."""

    conditions: Sequence[Condition]
    join: str = "and"

    def holds(self, item: Mapping[str, Any]) -> bool:
        found = (each.holds(_of(item, each.name)) for each in self.conditions)
        return any(found) if self.join == "or" else all(found)


def parse(text: str, names: Names, joins: tuple[str, ...] = ("and",)) -> Filter:
    """What ``$filter`` says; 400 where it isn't understood, or names what ``names`` doesn't."""
    spelled = {name.lower(): name for name in names}
    conditions: list[Condition] = []
    used: set[str] = set()
    place = 0
    while True:
        condition, place = _condition(text, place)
        name = spelled.get(condition.name.lower())
        if name is None or condition.operator not in names[name]:
            raise invalid(f"'{condition.name} {condition.operator}' is not supported here")
        kind = datetime if "gt" in names[name] else str
        if not all(isinstance(value, kind) for value in condition.values):
            raise invalid(f"the value beside '{name}' has the wrong type")
        conditions.append(Condition(name, condition.operator, condition.values))
        if place == len(text):
            break
        joined = _JOIN.match(text, place)
        if joined is None:
            raise invalid(f"unexpected text at position {place}")
        used.add(joined[1])
        place = joined.end()
    if len(used) > 1 or not used <= set(joins):
        raise invalid(f"comparisons may be joined by {' or by '.join(joins)} alone")
    return Filter(conditions, *used)


def _condition(text: str, place: int) -> tuple[Condition, int]:
    if found := _COMPARISON.match(text, place):
        return Condition(found[1], found[2], (_value(found[3]),)), found.end()
    if found := _LIST.match(text, place):
        listed = re.findall(_TEXT, found[2])
        return Condition(found[1], "in", tuple(map(_value, listed))), found.end()
    if found := _FUNCTION.match(text, place):
        return Condition(found[2], found[1], (_value(found[3]),)), found.end()
    raise invalid(f"no comparison that is supported at position {place}")


def _value(text: str) -> Any:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    try:
        return datetime.fromisoformat(text if "T" in text else f"{text}T00:00:00Z")
    except ValueError:
        raise invalid(f"{text} is no moment") from None


def _of(item: Mapping[str, Any], name: str) -> Any:
    """The value of ``name``; with a slash, of a property within a property."""
    outer, _, inner = name.partition("/")
    value = item.get(outer)
    return value.get(inner) if inner and value is not None else value


def invalid(what: str) -> GraphError:
    return GraphError(400, "BadRequest", f"Invalid filter clause: {what}.")
