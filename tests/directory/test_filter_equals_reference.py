"""SQL's answer to a filter is scim2-models' own, on every database."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from scim2_models import ScimFilter

from scim_server.database import Database
from scim_server.directory.resources import Address, Resources
from scim_server.directory.searches import Search
from scim_server.scim.filter_text import take_apart
from tests.directory.made_up import Reference, reference, seed
from tests.directory.random_filters import OPERATORS, filters, published, values_of
from tests.school import PUBLIC_URL, MovedClock

TYPES = ("User", "Group")
FILTERS_A_TYPE = 300


class Store:
    """The seeded directory, asked for the ids that a filter finds."""

    def __init__(self, database: Database, clock: MovedClock) -> None:
        unit = seed(database, clock)
        self.address = Address(unit.id, f"{PUBLIC_URL}/{unit.name}/scim/v2")
        self.resources = Resources(database)

    def matching(self, of: Reference, text: str) -> set[str]:
        bounds = {"longest": 1 << 20, "deepest": 32, "terms": 1_000}
        shape, literals = take_apart(text, (of.type,), **bounds)
        search = Search(
            types=(of.type,), limit=1_000, shape=shape, literals=literals, collections=False
        )
        page = self.resources.search(self.address, search)
        counted = self.resources.search(self.address, replace(search, limit=0))
        assert counted.total == page.total == len(page)
        return {orjson.loads(each)["id"] for each in page.bodies}


@pytest.fixture
def store(database: Database, clock: MovedClock) -> Store:
    return Store(database, clock)


@pytest.mark.parametrize("name", TYPES)
def test_a_random_filter_finds_what_the_reference_finds(store: Store, name: str) -> None:
    of = reference(store.resources, store.address, name)

    @settings(
        max_examples=FILTERS_A_TYPE,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(filters(of))
    def check(text: str) -> None:
        assert store.matching(of, text) == of.matching(text)

    check()


@pytest.mark.parametrize("name", TYPES)
def test_every_operator_over_every_attribute_finds_what_the_reference_finds(
    store: Store, name: str
) -> None:
    of = reference(store.resources, store.address, name)
    checked = 0
    for path, kind in published(of).items():
        for text in _fixed(path, kind, values_of(of, path)):
            assert store.matching(of, text) == of.matching(text), text
            assert store.matching(of, f"not ({text})") == of.matching(f"not ({text})"), text
            checked += 2
    assert checked > 500


def _fixed(path: str, kind: str, values: list[Any]) -> list[str]:
    """Each operator with a value that occurs, one that almost does, none and null."""
    if kind == "complex":
        return [f"{path} pr"]
    if kind == "boolean":
        return [f"{path} pr"] + [
            f"{path} {operator} {value}"
            for operator, value in product(("eq", "ne"), ("true", "false", "null"))
        ]
    literals = [str(values[0]), str(values[-1]).upper(), str(values[len(values) // 2])]
    if kind != "dateTime":
        literals += [literals[0][:2], literals[1][-3:], literals[2][1:-1], ""]
    quoted = [*map(ScimFilter.quote, literals), "null"]
    return [f"{path} pr"] + [f"{path} {op} {value}" for op, value in product(OPERATORS, quoted)]
