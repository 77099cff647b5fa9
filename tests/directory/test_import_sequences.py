"""After any sequence of imports and decisions exactly what has to be served is served.

A register lives for a while, at random; beside the server, a few lines of Python work out what
has to be stored. Every answer is compared with them, and every version with what changed.
"""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scim_server.errors import BadRecords
from tests.directory.register_model import UONET, Directory, Register
from tests.school import SCHOOLS, World, add_school

STEPS = 14
ANYTHING = {"allow_deactivations": True, "allow_empty": True}
Snapshot = dict[str, dict[str, Any]]


@pytest.fixture
def beside(world: World, tmp_path: Path) -> World:
    """An empty unit beside ``world``'s."""
    unit, issued = add_school(world.database, world.settings, world.clock, "sp99")
    return replace(world, unit=unit, credentials=issued, folder=tmp_path / "living", token="")


@pytest.mark.parametrize("seed", range(6))
def test_what_is_served_is_what_the_register_and_the_directors_say(
    world: World, beside: World, seed: int
) -> None:
    chance = random.Random(seed)
    register, expected = Register(chance), Directory()
    neighbour = everything(world)
    before: Snapshot = {}
    latest = ""
    for step in range(STEPS):
        beside.clock.move(minutes=chance.choice((0, 1, 3, -2)))
        known = {key: (one.own, expected.seats_of(key)) for key, one in expected.stored.items()}
        seen = {key: expected.seats_of(key, expected.served) for key in expected.served}
        if step % 3 == 2 or step == 0:
            school = chance.choice(SCHOOLS)
            expected.publishing ^= {school}
            beside.decide(school, school in expected.publishing)
        else:
            undo = register.copy()
            if chance.random() < 0.85:
                register.change()
            if expected.refuses(register):
                with pytest.raises(BadRecords, match="Give each newcomer another one"):
                    beside.import_files(choices=ANYTHING, **register.files())
                register = undo
            figures = expected.take(register)
            outcome = beside.import_files(choices=ANYTHING, **register.files())
            assert told(outcome.plan) == figures
        after = read(beside, expected)

        check_content(after, expected)
        for key in after.keys() & before.keys():
            one = expected.stored[key]
            is_same = known[key] == (one.own, expected.seats_of(key))
            must_move = known[key][0] != one.own or seen[key] != expected.seats_of(
                key, expected.served
            )
            check_movement(before[key], after[key], must_move=must_move, may_move=not is_same)
            if before[key]["meta"]["version"] != after[key]["meta"]["version"]:
                assert after[key]["meta"]["lastModified"] >= latest
        latest = max([latest, *[each["meta"]["lastModified"] for each in after.values()]])
        before = after
    assert everything(world) == neighbour


def read(unit: World, expected: Directory) -> Snapshot:
    if not expected.publishing:
        assert unit.ask_token().status_code == 400
        return {}
    unit.token = unit.ask_token().json["access_token"]  # type: ignore[index]
    return everything(unit)


def everything(unit: World) -> Snapshot:
    """All resources by their register keys, found page by page in several ways."""
    found: Snapshot = {}
    for path in ("/Users", "/Groups"):
        whole = walk(unit, path, 1000)
        assert walk(unit, path, 7) == whole
        active = "active eq true" if path == "/Users" else f"{UONET}:active eq true"
        counted = unit.list(path, filter=active, count=0)["totalResults"]
        flags = [each["active"] if path == "/Users" else each[UONET]["active"] for each in whole]
        assert counted == sum(flags)
        found |= {each["externalId"]: each for each in whole}
    return found


def walk(unit: World, path: str, size: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = unit.list(path, startIndex=len(found) + 1, count=size)
        found += page["Resources"]
        if not page["Resources"] or len(found) == page["totalResults"]:
            assert len(found) == page["totalResults"]
            return found


def told(plan: Any) -> dict[tuple[str, str], int]:
    kinds = ("pupils", "employees", "groups", "memberships")
    happenings = ("created", "changed", "deactivated", "reactivated", "unchanged")
    figures = {
        (kind, happening): getattr(getattr(plan, kind), happening)
        for kind in kinds
        for happening in happenings
    }
    return {each: count for each, count in figures.items() if count}


def check_content(found: Snapshot, expected: Directory) -> None:
    assert found.keys() == expected.served
    for key, shown in found.items():
        ends = expected.seats_of(key, expected.served)
        listed: list[dict[str, Any]] = shown.get("members") or shown.get("groups") or []
        assert {each["value"] for each in listed} == {found[end]["id"] for end in ends}
        assert len(listed) == len(ends)
        names = {found[end]["id"]: found[end]["displayName"] for end in ends}
        assert all(each["display"] == names[each["value"]] for each in listed), key
        assert own_content(shown) == expected.stored[key].own


def own_content(shown: dict[str, Any]) -> dict[str, Any]:
    """A served resource in the words of :class:`~tests.directory.register_model.Stored`."""
    if UONET in shown:
        return {name: shown[UONET][name] for name in ("subject", "classes", "school", "active")}
    content = {
        "userName": shown["userName"],
        "familyName": shown["name"]["familyName"],
        "givenName": shown["name"]["givenName"],
        "active": shown["active"],
        "userType": shown["userType"],
    }
    if shown["userType"] == "Student":
        for name, attribute in (("phone", "phoneNumbers"), ("email", "emails")):
            values = [each["value"] for each in shown.get(attribute, [])]
            content[name] = values[0] if values else None
    else:
        assert "phoneNumbers" not in shown
        assert "emails" not in shown
    return content


def check_movement(
    before: dict[str, Any], after: dict[str, Any], *, must_move: bool, may_move: bool
) -> None:
    """A version moves with its resource's content and memberships, and with nothing else."""
    assert before["id"] == after["id"]
    assert before["meta"]["created"] == after["meta"]["created"]
    has_moved = before["meta"]["version"] != after["meta"]["version"]
    if must_move:
        assert has_moved
    elif not may_move:
        assert not has_moved
    if not has_moved:
        assert before["meta"] == after["meta"]
