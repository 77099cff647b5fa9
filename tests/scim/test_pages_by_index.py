"""Pages by ``startIndex`` and ``count`` (RFC 7644 §3.4.2.4): the edges, and every resource once."""

from __future__ import annotations

import random

import pytest

from tests.school import World
from tests.scim.answers import fails, keys

EVERYONE = ["U-1", "U-2", "U-3", "U-4", "U-5", "P-1", "P-2"]


@pytest.mark.parametrize(
    ("path", "filter"), [("/Users", ""), ("/Users", "id pr"), ("", "userName pr")]
)
def test_the_edges_of_a_page_are_the_rfcs(world: World, path: str, filter: str) -> None:
    only = {"filter": filter} if filter else {}

    def page(**query: str) -> tuple[int, int, list[str]]:
        found = world.list(path, **query, **only)
        assert found["totalResults"] == 7
        return found["startIndex"], found["itemsPerPage"], keys(found)

    huge = str(10**30)
    assert page() == (1, 7, EVERYONE)
    assert page(startIndex="0") == (1, 7, EVERYONE)
    assert page(startIndex="-5", count="2") == (1, 2, EVERYONE[:2])
    assert page(startIndex="3", count="2") == (3, 2, EVERYONE[2:4])
    assert page(startIndex="7", count="2") == (7, 1, EVERYONE[6:])
    assert page(startIndex="8") == (8, 0, [])
    assert page(count="0") == (1, 0, [])
    assert page(count="-1") == (1, 0, [])
    assert page(startIndex="4", count="0") == (4, 0, [])
    assert page(count=huge) == (1, 7, EVERYONE)
    assert page(startIndex=f"-{huge}", count=f"-{huge}") == (1, 0, [])
    assert page(startIndex=huge)[1:] == (0, [])


def test_what_is_not_a_whole_number_is_refused(world: World) -> None:
    for name in ("startIndex", "count"):
        for value in ("", "x", "1.5", "1e3", "0x10", "１", "--1", "1 2", "+", "NaN", "true"):
            fails(world.get("/Users", query_string={name: value}), 400, "invalidValue")
        others: tuple[object, ...] = ("5", 1.5, True, [1], {})
        for wrong in others:
            fails(world.search("/Users", **{name: wrong}), 400, "invalidValue")


def test_a_parameter_given_twice_is_refused(world: World) -> None:
    for name, value in (
        ("startIndex", "1"), ("count", "1"), ("filter", "id pr"), ("sortBy", "id"),
        ("sortOrder", "ascending"), ("cursor", ""), ("attributes", "id"),
        ("excludedAttributes", "name"),
    ):  # fmt: skip
        response = world.get("/Users", query_string=[(name, value), (name, value)])
        fails(response, 400, "invalidValue")


def test_no_page_is_larger_than_announced(world: World) -> None:
    announced = world.list("/ServiceProviderConfig")
    assert announced["filter"]["maxResults"] == 1_000
    assert announced["pagination"]["maxPageSize"] == 1_000
    assert announced["pagination"]["defaultPageSize"] == 100


@pytest.mark.parametrize("path", ["", "/", "/Users", "/Groups"])
def test_every_resource_comes_exactly_once_whatever_the_counts(world: World, path: str) -> None:
    whole = keys(world.list(path))
    chance = random.Random(7)
    for _ in range(10):
        seen: list[str] = []
        while len(seen) < len(whole):
            count = chance.randint(1, 4)
            page = world.list(path, startIndex=len(seen) + 1, count=count)
            assert page["totalResults"] == len(whole)
            assert page["startIndex"] == len(seen) + 1
            assert page["itemsPerPage"] == len(page["Resources"]) <= count
            seen += keys(page)
        assert seen == whole


def test_the_order_is_that_of_creation_and_outlives_a_change(world: World) -> None:
    world.clock.move(minutes=30)
    pupils = """klucz;imie;nazwisko;login;telefon;email;szkola
U-9;Aaa;Aaa;aaa;;;SP 12
U-3;Ołena;Aaaa;olena.aaaa;;;SP 12
U-1;Żaneta;Łęcka;zaneta.lecka;;;SP 12
U-2;Jan;Żółć;jan.zolc;;;SP 12
U-4;Anna;Kowalska;anna.kowalska;;;LO 3
U-5;Piotr;Kowalski;piotr.kowalski;;;LO 3
"""
    world.import_files(pupils=pupils)
    assert keys(world.list("/Users")) == [*EVERYONE, "U-9"]


def test_the_root_lists_users_and_groups(world: World) -> None:
    assert keys(world.list("")) == [*EVERYONE, "G-1", "G-2", "G-3"]
    assert keys(world.list("/", startIndex=7, count=2)) == ["P-2", "G-1"]
