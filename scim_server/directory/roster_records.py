"""What a roster is made of, as plain records: schools, subjects, people, classes, enrolments.

Their ids are those of a :mod:`roster <.roster_ids>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from scim_server.directory.ids import resource_id
from scim_server.directory.roster_conditions import Condition
from scim_server.directory.roster_ids import roster_id


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
    of its schools was last decided about, ``change`` the number of its last change of any kind.
    """

    unit_id: int
    id: str
    name: str
    namespace: str
    changed: str
    change: int
    schools: tuple[School, ...]

    def subject_id(self, subject: str) -> str:
        """The id of a subject, by its folded name."""
        return self._id("Subject", subject)

    def year_id(self, year: str) -> str:
        return self._id("SchoolYear", year)

    def term_id(self, year: str) -> str:
        return self._id("Term", year)

    def _id(self, kind: str, key: str) -> str:
        return roster_id(resource_id(self.namespace, kind, key))


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


# Made by thousands for one page, so they are tuples: a row of the database becomes one as it is.


class Person(NamedTuple):
    """``head`` is the JSON of the SCIM document without its closing brace, ``schools`` the numbers
    of those that publish and hold the person.
    """

    seq: int
    id: str
    edited: str
    active: bool
    user_type: str
    login: str
    head: bytes
    schools: tuple[int, ...]

    @property
    def is_pupil(self) -> bool:
        return self.user_type == PUPIL

    @property
    def document(self) -> Mapping[str, Any]:
        return _document(self.head)


class Class(NamedTuple):
    """``subject`` is folded; ``head`` and ``schools`` are as a person's."""

    seq: int
    id: str
    edited: str
    active: bool
    subject: str
    year: str
    head: bytes
    schools: tuple[int, ...]

    @property
    def document(self) -> Mapping[str, Any]:
        return _document(self.head)


class Enrolment(NamedTuple):
    """``dated`` is when it began, or ended where it isn't ``active``; ``school`` the class's."""

    class_seq: int
    person_seq: int
    person_id: str
    dated: str
    user_type: str
    active: bool
    class_id: str
    school: int

    @property
    def is_pupil(self) -> bool:
        return self.user_type == PUPIL


PUPIL = "student"


def _document(head: bytes) -> Mapping[str, Any]:
    document: Mapping[str, Any] = orjson.loads(head + b"}")
    return document
