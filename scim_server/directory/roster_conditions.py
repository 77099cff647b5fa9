"""What a roster is asked for, and the SQL of it.

A condition is a set of alternatives, each a set of comparisons that all hold; fields are named as
here, whatever a protocol calls them. Text is compared without regard to case, by code point.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unicodedata import normalize

import orjson
from sqlalchemy import ColumnElement, Text, and_, bindparam, false, func, not_, or_, true
from sqlalchemy.types import TypeEngine

from scim_server.clock import moment, stamp
from scim_server.directory.expressions import Among, Contains
from scim_server.directory.roster_ids import as_stored, roster_ids
from scim_server.errors import InvalidFilter


@dataclass(frozen=True, slots=True)
class Comparison:
    """``operator`` is one of :data:`OPERATORS`. ``value`` is as the client gave it, a time as
    :func:`~scim_server.clock.stamp` writes it, in whole milliseconds.
    """

    field: str
    operator: str
    value: str


Condition = tuple[tuple[Comparison, ...], ...]
EVERYTHING: Condition = ((),)

_CONTAINS = "~"
_MILLISECONDS = len("2026-11-24T13:16:00.000")
OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt,
    "<=": operator.le, _CONTAINS: operator.contains,
}  # fmt: skip


def both(one: Condition, other: Condition) -> Condition:
    """What satisfies the two."""
    return tuple((*left, *right) for left in one for right in other)


def folded(text: str) -> str:
    """``text`` as the folded columns hold it."""
    return normalize("NFC", normalize("NFC", text).lower())


Holds = Callable[[ColumnElement[Any]], ColumnElement[bool]]
"""Makes a condition on a value that is given as a parameter."""


@dataclass(frozen=True, slots=True)
class Words:
    """A field that is text; where it is missing it differs from everything. ``equals`` is a faster
    way to ask for one value.
    """

    expression: ColumnElement[Any]
    equals: Holds | None = None

    def settle(self, asked: Comparison) -> Settled:
        return Test(asked.field, asked.operator, folded(asked.value))

    def condition(self, operator: str, value: ColumnElement[Any]) -> ColumnElement[bool]:
        if operator == "=" and self.equals is not None:
            return self.equals(value)
        if operator == _CONTAINS:
            return Contains(self.expression, value)
        differs = self.expression != value
        if operator == "!=":
            return or_(self.expression.is_(None), differs)
        found: ColumnElement[bool] = OPERATORS[operator](self.expression, value)
        return found

    @property
    def type(self) -> TypeEngine[Any]:
        return Text()


@dataclass(frozen=True, slots=True)
class Id(Words):
    """An id, or two after one another, told without the hyphens that ``expression`` has."""

    def settle(self, asked: Comparison) -> Settled:
        value = folded(asked.value)
        return Test(
            asked.field, asked.operator, value if asked.operator == _CONTAINS else as_stored(value)
        )

    def condition(self, operator: str, value: ColumnElement[Any]) -> ColumnElement[bool]:
        if operator == _CONTAINS:
            return Contains(roster_ids(self.expression), value)
        return Words.condition(self, operator, value)  # super() fails in a class with slots


@dataclass(frozen=True, slots=True)
class Moment:
    """A field that is a time, told and compared to the millisecond. ``narrows`` follows from not
    being before a value, and lets an index find it.
    """

    expression: ColumnElement[Any]
    narrows: Holds | None = None

    def settle(self, asked: Comparison) -> Settled:
        value = asked.value
        following = stamp(moment(value) + timedelta(milliseconds=1))
        if asked.operator == _CONTAINS:
            raise InvalidFilter(f"{asked.field} is a time: it can't be compared with ~.")
        if asked.operator == ">":
            return Test(asked.field, ">=", following)
        if asked.operator == "<=":
            return Test(asked.field, "<", following)
        if asked.operator in ("=", "!="):
            return Test(asked.field, asked.operator, value[:_MILLISECONDS])
        return Test(asked.field, asked.operator, value)

    def condition(self, operator: str, value: ColumnElement[Any]) -> ColumnElement[bool]:
        told = self.expression
        if operator in ("=", "!="):
            told = func.substr(told, 1, _MILLISECONDS)
        found: ColumnElement[bool] = OPERATORS[operator](told, value)
        if self.narrows is not None and operator == ">=":
            return and_(found, self.narrows(value))
        return found

    @property
    def type(self) -> TypeEngine[Any]:
        return Text()


@dataclass(frozen=True, slots=True)
class Choice:
    """A field of few values, each with its key in the store, which ``expression`` gives. Without
    an expression every row has the key ``always``.
    """

    keys: Mapping[str, Any]
    expression: ColumnElement[Any] | None = None
    always: Any = None

    def settle(self, asked: Comparison) -> Settled:
        holds, value = OPERATORS[asked.operator], folded(asked.value)
        found = [key for name, key in self.keys.items() if holds(folded(name), value)]
        if self.expression is None:
            return self.always in found
        if not found:
            return False
        if len(found) == 1:
            return Test(asked.field, "=", found[0])
        return len(found) == len(self.keys) or Test(asked.field, _AMONG, _json(found))

    def condition(self, operator: str, value: ColumnElement[Any]) -> ColumnElement[bool]:
        assert self.expression is not None
        if operator == _AMONG:
            return Among(self.expression, value)
        return self.expression == value

    @property
    def type(self) -> TypeEngine[Any]:
        return Text() if self.expression is None else self.expression.type


@dataclass(frozen=True, slots=True)
class Several:
    """A field of several values at once: equal where one is, different where none is. ``keys``
    holds what each is in the store, or nothing where the values are ids.
    """

    holds: Holds
    type: TypeEngine[Any]
    keys: Mapping[str, Any] | None = None

    def settle(self, asked: Comparison) -> Settled:
        if asked.operator not in ("=", "!="):
            raise InvalidFilter(f"{asked.field} may have several values: compare with = or !=.")
        value = folded(asked.value)
        if self.keys is None:
            return Test(asked.field, asked.operator, as_stored(value))
        if value not in self.keys:
            return asked.operator == "!="
        return Test(asked.field, asked.operator, self.keys[value])

    def condition(self, operator: str, value: ColumnElement[Any]) -> ColumnElement[bool]:
        found = self.holds(value)
        return found if operator == "=" else not_(found)


Field = Words | Moment | Choice | Several
Fields = Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison that is left to the database; ``value`` is what it is asked with."""

    field: str
    operator: str
    value: Any


Settled = Test | bool
_AMONG = "among"


@dataclass(frozen=True, slots=True)
class Settlement:
    """A condition of which nothing is left to the database but ``alternatives``."""

    alternatives: tuple[tuple[Test, ...], ...]

    @property
    def is_everything(self) -> bool:
        return () in self.alternatives

    @property
    def is_nothing(self) -> bool:
        return not self.alternatives

    @property
    def fields(self) -> frozenset[str]:
        """The fields that the database looks at."""
        return frozenset(test.field for tests in self.alternatives for test in tests)

    @property
    def plan(self) -> tuple[Any, ...]:
        """Equal for conditions that the same statement answers."""
        return tuple(
            tuple((test.field, test.operator) for test in tests) for tests in self.alternatives
        )

    @property
    def parameters(self) -> dict[str, Any]:
        return {name: test.value for name, test in self._named()}

    def where(self, fields: Fields, named: Callable[[str], str] = str) -> ColumnElement[bool]:
        """The condition; ``named`` makes the name of each parameter that it takes."""
        if self.is_everything:
            return true()
        made = {
            name: fields[test.field].condition(
                test.operator,
                bindparam(named(name), type_=_type_of(fields[test.field], test.operator)),
            )
            for name, test in self._named()
        }
        found = [
            and_(*[made[_name(place, at)] for at in range(len(tests))])
            for place, tests in enumerate(self.alternatives)
        ]
        return or_(false(), *found)

    def _named(self) -> Iterator[tuple[str, Test]]:
        for place, tests in enumerate(self.alternatives):
            for at, test in enumerate(tests):
                yield _name(place, at), test


def settle(condition: Condition, fields: Fields) -> Settlement:
    """Decide here whatever doesn't depend on a row.

    Raises :class:`~scim_server.errors.InvalidFilter` for an operator that a field hasn't.
    """
    alternatives = []
    for comparisons in condition:
        settled = [fields[each.field].settle(each) for each in comparisons]
        if False not in settled:
            alternatives.append(tuple(each for each in settled if isinstance(each, Test)))
    if () in alternatives:
        return Settlement(((),))
    return Settlement(tuple(alternatives))


def _name(place: int, at: int) -> str:
    return f"c{place}_{at}"


def _type_of(field: Field, operator: str) -> TypeEngine[Any]:
    return Text() if operator == _AMONG else field.type


def _json(values: list[Any]) -> str:
    return orjson.dumps(values).decode()
