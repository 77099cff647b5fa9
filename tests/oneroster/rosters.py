"""Asking door 2 as its consumers do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from tests.doors import plain
from tests.school import World

Object = dict[str, Any]
BASES = (
    "ims/oneroster/v1p1",
    "ims/oneroster/rostering/v1p2",
    "ims/oneroster/v1p2",
    "ims/oneroster/v1p2/rostering/v1p2",
)
SDS, GOOGLE = BASES[0], BASES[2]

WRAPPERS = {
    "orgs": "orgs", "schools": "orgs", "academicSessions": "academicSessions",
    "terms": "academicSessions", "gradingPeriods": "academicSessions", "courses": "courses",
    "classes": "classes", "users": "users", "students": "users", "teachers": "users",
    "enrollments": "enrollments",
}  # fmt: skip
ACTIVE = "status='active'"


@dataclass
class Roster:
    """A client of one school's roster, in one version."""

    world: World
    base: str = SDS

    def id_of(self, key: str) -> str:
        """The ``sourcedId`` of who or what has this key in the register: SCIM's without hyphens."""
        return plain(self.world.id_of(key))

    def get(self, path: str, method: str = "GET", **query: Any) -> TestResponse:
        return self.world.app.test_client().open(
            f"/{self.world.unit.name}/{self.base}/{path}",
            method=method,
            headers={"Authorization": f"Bearer {self.world.token}"},
            query_string=query,
        )

    def one(self, path: str) -> Object:
        """An object that has to be there."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        (found,) = json.loads(answer.data).values()
        return dict(found)

    def page(self, path: str, **query: Any) -> list[Object]:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        body = json.loads(answer.data)
        assert list(body) == [WRAPPERS[path.rpartition("/")[2]]]
        return list(*body.values())

    def pages(self, path: str, *, limit: int = 5_000, **query: Any) -> Iterator[list[Object]]:
        """Every page, as SDS turns them: until one isn't full."""
        offset = 0
        while True:
            page = self.page(path, offset=offset, limit=limit, **query)
            yield page
            if len(page) < limit:
                return
            offset += limit

    def all(self, path: str, **query: Any) -> dict[str, Object]:
        """Every object of a collection by its id; none may come twice."""
        listed = [each for page in self.pages(path, **query) for each in page]
        found = {each["sourcedId"]: each for each in listed}
        assert len(found) == len(listed)
        return found

    def since(self, path: str, time: str, **query: Any) -> dict[str, Object]:
        return self.all(path, filter=f"dateLastModified>'{time}'", **query)
