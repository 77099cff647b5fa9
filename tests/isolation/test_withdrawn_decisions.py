"""„Nie”: what the school had is absent at once and everywhere, and never looks like a departure."""

from __future__ import annotations

import json
import uuid
from typing import Any

from scim_server.directory.consent import history
from tests.isolation.neighbour import neighbour_of
from tests.school import SCHOOLS, World
from tests.scim.answers import fails, keys, stable
from tests.security.addresses import ROSTERS, guarded

GONE = ("U-1", "U-2", "U-3", "G-1", "G-2")
SHARED = "P-1"
STAY = ("U-4", "U-5", "P-2", "G-3")
"""What SP 12 alone has, what both schools have, and what LO 3 alone has."""


def everything(world: World) -> dict[str, dict[str, Any]]:
    return {each["externalId"]: each for each in world.list("/", count=100)["Resources"]}


def path(key: str, id: str) -> str:
    return f"/{'Groups' if key.startswith('G') else 'Users'}/{id}"


def test_its_people_and_groups_are_absent_from_every_answer(world: World) -> None:
    """Red when ``refresh`` leaves ``served`` of the resources as it was."""
    ids = {key: each["id"] for key, each in everything(world).items()}
    world.clock.move(minutes=5)
    world.decide("SP 12", False)

    assert everything(world).keys() == {SHARED, *STAY}
    assert sorted(keys(world.list("/Users"))) == ["P-1", "P-2", "U-4", "U-5"]
    assert keys(world.list("/Groups")) == ["G-3"]
    for key in GONE:
        found = stable(world.get(path(key, ids[key])))
        assert found == stable(world.get(path(key, str(uuid.uuid4()))))
        assert found[0] == 404


def test_no_filter_finds_them_and_no_member_names_them(world: World) -> None:
    """Red when ``refresh`` leaves ``served`` of ``reference`` as it was."""
    before = everything(world)
    assert len(before[SHARED]["groups"]) == 3
    assert len(before["G-1"]["members"]) == 4
    world.decide("SP 12", False)
    for key in GONE:
        one = before[key]
        for text in (
            f'externalId eq "{key}"',
            f'id eq "{one["id"]}"',
            f'displayName eq "{one["displayName"]}"',
            f'members.value eq "{one["id"]}"' if key.startswith("U") else "",
            f'groups.value eq "{one["id"]}"' if key.startswith("G") else "",
            f'userName eq "{one["userName"]}"' if "userName" in one else "",
        ):
            endpoint = "/Groups" if key.startswith("G") else "/Users"
            if text.startswith("members"):
                endpoint = "/Groups"
            elif text.startswith("groups"):
                endpoint = "/Users"
            if text:
                found = world.list(endpoint, filter=text)
                assert (found["totalResults"], found.get("Resources", [])) == (0, []), text
    ids = [before[key]["id"] for key in GONE]
    for asked in ("/", "/Users", "/Groups", path("G-3", before["G-3"]["id"])):
        answer = world.get(asked).get_data(as_text=True)
        assert not [id for id in ids if id in answer]


def test_a_delta_shows_neither_them_nor_a_departure(world: World) -> None:
    """Red when ``refresh`` gives what it hides a new time and goes on serving it, or deactivates
    it.
    """
    since = max(each["meta"]["lastModified"] for each in everything(world).values())
    world.clock.move(minutes=5)
    world.decide("SP 12", False)
    delta = world.list("/", filter=f'meta.lastModified gt "{since}"')
    assert keys(delta) == [SHARED]
    assert world.list("/Users", filter="active eq false")["totalResults"] == 0
    for asked in ("/", "/Users", "/Groups"):
        answer = json.loads(world.get(asked).data)
        assert all(each.get("active", True) for each in answer["Resources"])
        assert b'"active":false' not in world.get(asked).data


def test_people_of_both_schools_lose_its_groups_and_nothing_else(world: World) -> None:
    """Red when ``held`` in ``refresh`` asks for any school, or for all of them."""
    before = everything(world)[SHARED]
    world.decide("SP 12", False)
    after = everything(world)[SHARED]
    assert [each["display"] for each in after.pop("groups")] == ["Fizyka – 1C – 2026/27 – LO 3"]
    assert len(before.pop("groups")) == 3
    assert before.pop("meta")["version"] != after.pop("meta")["version"]
    assert before == after


def test_what_the_other_school_has_keeps_every_byte(world: World) -> None:
    """Red when ``_renew_other_ends`` renews whoever is served."""
    paths = [path(key, each["id"]) for key, each in everything(world).items() if key in STAY]
    before = [stable(world.get(each)) for each in paths]
    assert all(dict(headers)["ETag"] for _, headers, _ in before)
    world.clock.move(minutes=5)
    world.decide("SP 12", False)
    assert [stable(world.get(each)) for each in paths] == before


def test_tak_again_brings_back_the_same_under_the_same_ids(world: World) -> None:
    """Red when ``refresh`` changes what it hides, such as its version."""
    before = everything(world)
    paths = [path(key, before[key]["id"]) for key in GONE]
    answers = [stable(world.get(each)) for each in paths]
    for school in SCHOOLS:
        world.decide(school, False)
    for school in SCHOOLS:
        world.decide(school, True)
    assert [stable(world.get(each)) for each in paths] == answers
    after = everything(world)
    for each in (*before.values(), *after.values()):
        del each["meta"]
    assert after == before


def test_without_any_school_every_address_refuses_and_none_shows_an_empty_list(
    world: World,
) -> None:
    """Red when ``Hallway._admit`` doesn't ask whether the unit publishes."""
    paths = list(guarded(world))
    for school in SCHOOLS:
        world.decide(school, False)
    for each in paths:
        answer = world.app.test_client().get(
            each, headers={"Authorization": f"Bearer {world.token}"}
        )
        assert answer.status_code == 401
        if ROSTERS not in each:
            fails(answer, 401)
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        assert b"totalResults" not in answer.data
        assert "X-Total-Count" not in answer.headers
    refused = world.ask_token()
    assert refused.status_code == 400
    assert refused.get_json()["error"] == "unauthorized_client"


def test_a_decision_of_one_unit_moves_nothing_of_another(world: World) -> None:
    """Red when ``count_served`` deletes the counters of every unit."""
    other = neighbour_of(world)
    paths = ("", "/Users", "/Groups")
    before = [stable(other.get(each)) for each in paths]
    for school in SCHOOLS:
        world.decide(school, False)
    assert [stable(other.get(each)) for each in paths] == before
    with world.database.read() as connection:
        assert len(history(connection, world.unit)) == 4
        assert len(history(connection, other.unit)) == 2
