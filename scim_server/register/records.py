"""The four records of a feed: what each cell must be, and the record that is left of a row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar, cast

from marshmallow import (
    Schema,
    ValidationError,
    fields,
    post_load,
    pre_load,
    validates_schema,
)

from scim_server.errors import Problem
from scim_server.register.cleaning import clean
from scim_server.register.contacts import e164, email_address
from scim_server.register.logins import local_part
from scim_server.register.pesel import holds_pesel, is_pesel
from scim_server.register.readers import Row, Table
from scim_server.register.rules import BrokenRule, FeedTerms

MAX_KEY = 128
MAX_NAME = 64
PESEL_RULE = "looks like a PESEL number, which must not be published"
_EMPTY: dict[str, Any] = {"required": "is empty"}
_WHICH_SCHOOL: dict[str, Any] = {"required": "is empty, and the unit has more than one school"}
_YEAR = re.compile(r"(20[0-9]{2}) ?/ ?(20[0-9]{2}|[0-9]{2})")
_CLASS_PART = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True)
class Person:
    """A pupil or an employee. ``login`` is the part before ``@``; ``phone`` is E.164."""

    key: str
    given_name: str
    family_name: str
    login: str
    school: str
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A subject group. No ``group_name`` means the whole class; ``school_year`` is ``2026/27``."""

    key: str
    subject: str
    school_year: str
    school: str
    classes: tuple[str, ...] = ()
    group_name: str | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """One line of the assignments: the keys of a group and of a person."""

    group: str
    person: str


class _Cell(fields.Field[Any]):
    """A cleaned cell that is not empty and holds no PESEL."""

    default_error_messages = _EMPTY

    @property
    def _terms(self) -> FeedTerms:
        return cast(RecordSchema[Any], self.parent).terms

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        try:
            self._refuse_pesel(value)
            return self._read(value)
        except BrokenRule as broken:
            raise ValidationError(str(broken)) from None

    def _refuse_pesel(self, text: str) -> None:
        if holds_pesel(text, self._terms.today):
            raise BrokenRule(PESEL_RULE)

    def _read(self, text: str) -> Any:
        return text


class _Key(_Cell):
    """The register's own key, which becomes the externalId."""

    def _refuse_pesel(self, text: str) -> None:
        if not self._terms.allow_numeric_keys and is_pesel(text, self._terms.today):
            raise BrokenRule(
                f"{PESEL_RULE}; if the register numbers its records with eleven digits, let the "
                "unit allow numeric keys"
            )

    def _read(self, text: str) -> str:
        if " " in text:
            raise BrokenRule("must not hold white space")
        if len(text) > MAX_KEY:
            raise BrokenRule(f"is longer than {MAX_KEY} characters")
        return text


class _Name(_Cell):
    def _read(self, text: str) -> str:
        if len(text) > MAX_NAME:
            raise BrokenRule(f"is longer than {MAX_NAME} characters")
        return text


class _Login(_Cell):
    def _read(self, text: str) -> str:
        return local_part(text, self._terms.domain)


class _Phone(_Cell):
    def _refuse_pesel(self, text: str) -> None:
        if holds_pesel(text, self._terms.today):
            raise BrokenRule(f"{PESEL_RULE}; write a phone number with + or with spaces")

    def _read(self, text: str) -> str:
        return e164(text)


class _Email(_Cell):
    def _read(self, text: str) -> str:
        return email_address(text)


class _School(_Cell):
    default_error_messages = _WHICH_SCHOOL

    def _read(self, text: str) -> str:
        school = self._terms.school(text)
        if school is None:
            raise BrokenRule("is no school of this unit; schools are created by the operator")
        return school


class _Classes(_Cell):
    """One or several classes, separated by a comma or a slash; read in their natural order."""

    def _read(self, text: str) -> tuple[str, ...]:
        found = {name.strip() for name in re.split("[,/]", text)} - {""}
        if not found:
            raise BrokenRule("names no class")
        return tuple(sorted(found, key=_natural))


class _SchoolYear(_Cell):
    """``2026/2027`` or ``2026/27``, read as ``2026/27``."""

    def _read(self, text: str) -> str:
        match = _YEAR.fullmatch(text)
        if match is None or int(match[2][-2:]) != (int(match[1]) + 1) % 100:
            raise BrokenRule("is not a school year such as 2026/2027")
        return f"{match[1]}/{match[2][-2:]}"


def _natural(name: str) -> tuple[Any, ...]:
    """2A before 10A: runs of digits are compared as numbers, by length first."""
    parts = _CLASS_PART.split(name)
    numbers = (digits.lstrip("0") for digits in parts[1::2])
    return tuple((text, len(n), n) for text, n in zip(parts[::2], numbers, strict=False)), name


R = TypeVar("R", Person, Group, Membership)


class RecordSchema(Schema, Generic[R]):
    """One kind of record; subclasses declare its cells. ``load`` takes the cells of one row."""

    record: ClassVar[type[Any]]

    def __init__(self, terms: FeedTerms) -> None:
        super().__init__()
        self.terms = terms

    @pre_load
    def _clean(self, cells: Mapping[str, str], **kwargs: Any) -> dict[str, str]:
        """Cells that are empty once they are cleaned count as absent."""
        cleaned = {field: text for field, cell in cells.items() if (text := clean(cell))}
        if "school" in self.fields and "school" not in cleaned and len(self.terms.schools) == 1:
            cleaned["school"] = self.terms.schools[0]
        return cleaned

    @post_load
    def _make(self, data: dict[str, Any], **kwargs: Any) -> R:
        return cast(R, self.record(**data))


class EmployeeSchema(RecordSchema[Person]):
    """A row of the employees' file."""

    record = Person

    key = _Key(required=True)
    given_name = _Name(required=True)
    family_name = _Name(required=True)
    login = _Login(required=True)
    school = _School(required=True)


class PupilSchema(EmployeeSchema):
    """A row of the pupils' file."""

    phone = _Phone()
    email = _Email()


class GroupSchema(RecordSchema[Group]):
    """A row of the groups' file."""

    record = Group

    key = _Key(required=True)
    subject = _Cell(required=True)
    classes = _Classes()
    group_name = _Cell()
    school_year = _SchoolYear(required=True)
    school = _School(required=True)

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def _belongs_somewhere(
        self, data: dict[str, Any], original: Mapping[str, str], **kwargs: Any
    ) -> None:
        if not any(clean(original.get(cell, "")) for cell in ("classes", "group_name")):
            raise ValidationError("is empty, and so is the name of the group", "classes")


class MembershipSchema(RecordSchema[Membership]):
    """A row of the assignments' file."""

    record = Membership

    group = _Key(required=True)
    person = _Key(required=True)


class Loaded(NamedTuple, Generic[R]):
    """A row read as a record. ``cells`` holds the good cells also where ``record`` is None."""

    record: R | None
    cells: Mapping[str, Any]
    problems: tuple[Problem, ...]


def load(schema: RecordSchema[R], table: Table, row: Row) -> Loaded[R]:
    """The record in ``row``, or its problems: no values, at most one rule a cell."""
    if row.problems:
        return Loaded(None, {}, row.problems)
    try:
        return Loaded(cast(R, schema.load(row.cells)), {}, ())
    except ValidationError as errors:
        problems = tuple(
            table.problem(row.line, field, rules[0])
            for field, rules in errors.messages_dict.items()
        )
        return Loaded(None, cast(dict[str, Any], errors.valid_data), problems)
