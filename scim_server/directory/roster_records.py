"""What a roster is made of, as plain records: schools, subjects, people, classes, enrolments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scim_server.directory.ids import resource_id
from scim_server.directory.roster_conditions import Condition


@dataclass(frozen=True, slots=True)
class School:
    """A school that publishes; ``key`` is its number in the store, ``since`` when it began to."""

    key: int
    id: str
    name: str
    since: str


@dataclass(frozen=True, slots=True)
class Whole:
    """The unit, in what a roster tells of it, and its schools that publish. ``changed`` is when one
    of its schools was last decided about.
    """

    unit_id: int
    id: str
    name: str
    namespace: str
    changed: str
    schools: tuple[School, ...]

    def subject_id(self, subject: str) -> str:
        """The id of a subject, by its folded name."""
        return resource_id(self.namespace, "Subject", subject)

    def year_id(self, year: str) -> str:
        return resource_id(self.namespace, "SchoolYear", year)

    def term_id(self, year: str) -> str:
        return resource_id(self.namespace, "Term", year)


@dataclass(frozen=True, slots=True)
class Taught:
    """A subject in a school year at a school, from the groups there. ``subject`` is as it is
    written, ``key`` folded. ``first`` and ``last`` are when the first and the last of its groups
    that are ``active``, or of those that are not, was edited.
    """

    key: str
    subject: str
    year: str
    school: int
    active: bool
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a list, and which page of it. ``sort`` is a field, or none."""

    condition: Condition
    limit: int
    offset: int = 0
    sort: str | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    seq: int
    id: str
    edited: str
    active: bool
    is_pupil: bool
    login: str
    document: Mapping[str, Any]
    schools: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Class:
    seq: int
    id: str
    edited: str
    active: bool
    subject: str
    year: str
    document: Mapping[str, Any]
    schools: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """``dated`` is when it began, or ended where it isn't ``active``."""

    class_seq: int
    person_seq: int
    class_id: str
    person_id: str
    dated: str
    is_pupil: bool
    school: int
    active: bool
