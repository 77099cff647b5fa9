"""Two writers at once: exactly one wins where only one can, and no change is lost.

Each writer is a process of its own and talks to a server program of its own; both programs have
the same database. SCIM_TEST_ROUNDS sets how often each race is run; ``--log-cli-level=INFO``
prints how the races went. Red on PostgreSQL when ``_take_number`` reads the unit's number without
taking it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.sandbox import BULK_REQUEST, GROUP, USER
from tests.school import PUBLIC_URL
from tests.server.program import serving
from tests.server.sandboxes import prepare_sandbox
from tests.server.two_writers import Call, Race, patch, racing

ROUNDS = int(os.environ.get("SCIM_TEST_ROUNDS", "50"))

log = logging.getLogger("races")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def writers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Race]:
    sandbox = prepare_sandbox(request, tmp_path_factory.mktemp("races"))
    same = {"SCIM_PUBLIC_URL": PUBLIC_URL}
    with (
        serving(sandbox, **same) as one,
        serving(sandbox, **same) as other,
        racing((one, other)) as race,
    ):
        yield race


@pytest.fixture
def race(request: pytest.FixtureRequest, writers: Race) -> Iterator[Race]:
    writers.forget()
    yield writers
    log.info("%s: %s", request.node.name, writers)
    assert writers.overlapping >= writers.rounds / 10, "They took turns, which shows nothing."


def test_one_user_name_goes_to_one_of_two_new_users(race: Race) -> None:
    for n in range(ROUNDS):
        upper, lower = (user(f"{name}.{n}") for name in ("ANNA", "anna"))
        race.winner(
            Call("POST", "/Users", upper), Call("POST", "/Users", lower), wins=201, loses=409
        )

    assert total(race, 'userName sw "anna."') == ROUNDS


def test_one_user_name_goes_to_one_of_two_renamed_users(race: Race) -> None:
    one, other = (new_user(race, name) for name in ("jan.a", "jan.b"))
    for n in range(ROUNDS):
        wanted = {"op": "replace", "path": "userName", "value": f"jan.{n}"}
        won = race.winner(
            patch(f"/Users/{one['id']}", wanted),
            patch(f"/Users/{other['id']}", wanted),
            wins=200,
            loses=409,
        )
        assert total(race, f'userName eq "jan.{n}"') == 1
        assert race.do(Call("GET", f"/Users/{won.body['id']}")) == won.body


def test_of_two_writes_that_hold_the_same_etag_one_is_made(race: Race) -> None:
    now = new_user(race, "ewa")
    path = f"/Users/{now['id']}"
    for n in range(ROUNDS):
        tag = now["meta"]["version"]
        won = race.winner(
            Call("PUT", path, user("ewa", nickName=f"put {n}"), if_match=tag),
            patch(path, {"op": "add", "path": "nickName", "value": f"patch {n}"}, if_match=tag),
            wins=200,
            loses=412,
        )
        before, now = now, race.do(Call("GET", path))
        assert now == won.body
        assert steps(before, now) == 1


def test_of_two_changes_of_different_attributes_neither_is_lost(race: Race) -> None:
    now = new_user(race, "olga")
    path = f"/Users/{now['id']}"
    for n in range(ROUNDS):
        race.both(
            patch(path, {"op": "replace", "path": "title", "value": f"title {n}"}),
            patch(path, {"op": "replace", "path": "name.givenName", "value": f"Olga {n}"}),
        )
        before, now = now, race.do(Call("GET", path))
        assert (now["title"], now["name"]["givenName"]) == (f"title {n}", f"Olga {n}")
        assert steps(before, now) == 2


def test_one_user_is_deleted_once(race: Race) -> None:
    for n in range(ROUNDS):
        gone = Call(
            "DELETE", f"/Users/{race.do(Call('POST', '/Users', user(f'leaver.{n}')))['id']}"
        )
        race.winner(gone, gone, wins=204, loses=404)

    assert total(race, 'userName sw "leaver."') == 0


def test_two_members_that_join_or_leave_at_once_do_not_undo_one_another(race: Race) -> None:
    people = some_users(race, "both", 2)
    now = new_group(race, "both")
    path = f"/Groups/{now['id']}"
    for n in range(ROUNDS):
        change = remove if n % 2 else add
        race.both(*(patch(path, change(person)) for person in people))
        before, now = now, race.do(Call("GET", path))
        assert members(now) == (set() if n % 2 else set(people))
        assert steps(before, now) == 2


def test_a_member_joins_while_another_leaves(race: Race) -> None:
    people = some_users(race, "turns", 2)
    now = new_group(race, "turns", people[0])
    path = f"/Groups/{now['id']}"
    for n in range(ROUNDS):
        come, go = people[(n + 1) % 2], people[n % 2]
        race.both(patch(path, add(come)), patch(path, remove(go)))
        before, now = now, race.do(Call("GET", path))
        assert members(now) == {come}
        assert steps(before, now) == 2


def test_one_member_added_twice_at_once_changes_the_group_once(race: Race) -> None:
    (person,) = some_users(race, "same", 1)
    now = new_group(race, "same")
    path = f"/Groups/{now['id']}"
    for n in range(ROUNDS):
        same = patch(path, remove(person) if n % 2 else add(person))
        race.both(same, same)
        before, now = now, race.do(Call("GET", path))
        assert members(now) == (set() if n % 2 else {person})
        assert steps(before, now) == 1


def test_a_group_renamed_while_members_change_keeps_both(race: Race) -> None:
    people = some_users(race, "renamed", 2)
    now = new_group(race, "renamed", people[0])
    path = f"/Groups/{now['id']}"
    for n in range(ROUNDS):
        come, go = people[(n + 1) % 2], people[n % 2]
        race.both(
            patch(path, {"op": "replace", "path": "displayName", "value": f"renamed {n}"}),
            patch(path, add(come), remove(go)),
        )
        before, now = now, race.do(Call("GET", path))
        assert now["displayName"] == f"renamed {n}"
        assert members(now) == {come}
        assert steps(before, now) == 2


def test_of_two_replacements_of_a_group_with_the_same_etag_one_is_made(race: Race) -> None:
    people = some_users(race, "replaced", 2)
    now = new_group(race, "replaced")
    path = f"/Groups/{now['id']}"
    for n in range(ROUNDS):
        tag = now["meta"]["version"]
        one, other = (
            Call("PUT", path, group(f"replaced {n}", person), if_match=tag) for person in people
        )
        won = race.winner(one, other, wins=200, loses=412)
        before, now = now, race.do(Call("GET", path))
        assert members(now) == members(won.body)
        assert steps(before, now) == 1


def test_a_member_deleted_while_it_is_added_leaves_a_group_that_can_be_read(race: Race) -> None:
    path = f"/Groups/{new_group(race, 'deleted')['id']}"
    for person in some_users(race, "deleted", ROUNDS):
        race.both(Call("DELETE", f"/Users/{person}"), patch(path, add(person)))
        race.do(Call("GET", path))

    assert total(race, 'userName sw "deleted."') == 0


def test_the_same_members_join_two_groups_in_opposite_order(race: Race) -> None:
    people = some_users(race, "opposite", 2)
    one, other = (f"/Groups/{new_group(race, name)['id']}" for name in ("forth", "back"))
    for n in range(ROUNDS):
        change = remove if n % 2 else add
        race.both(patch(one, change(*people)), patch(other, change(*reversed(people))))
        for path in (one, other):
            assert members(race.do(Call("GET", path))) == (set() if n % 2 else set(people))


def test_two_bulks_that_change_the_same_users_in_opposite_order_are_both_made(race: Race) -> None:
    people = some_users(race, "bulk", 2)
    for n in range(ROUNDS):
        answers = race.both(
            bulk({f"/Users/{person}": ("title", n) for person in people}),
            bulk({f"/Users/{person}": ("nickName", n) for person in reversed(people)}),
        )
        results = [each for answer in answers for each in answer.body["Operations"]]
        assert [each["status"] for each in results] == ["200"] * 4
        for person in people:
            now = race.do(Call("GET", f"/Users/{person}"))
            assert (now["title"], now["nickName"]) == (str(n), str(n))


def user(name: str, **attributes: Any) -> dict[str, Any]:
    return {"schemas": [USER], "userName": name, **attributes}


def group(name: str, *ids: str) -> dict[str, Any]:
    return {"schemas": [GROUP], "displayName": name, "members": [{"value": id} for id in ids]}


def new_user(race: Race, name: str) -> Any:
    return race.do(Call("POST", "/Users", user(name)))


def new_group(race: Race, name: str, *ids: str) -> Any:
    return race.do(Call("POST", "/Groups", group(name, *ids)))


def some_users(race: Race, name: str, count: int) -> list[str]:
    """The ids of new users."""
    return [new_user(race, f"{name}.{n}")["id"] for n in range(count)]


def add(*ids: str) -> dict[str, Any]:
    return {"op": "add", "path": "members", "value": [{"value": id} for id in ids]}


def remove(*ids: str) -> dict[str, Any]:
    return {"op": "remove", "path": "members", "value": [{"value": id} for id in ids]}


def bulk(changes: dict[str, tuple[str, int]]) -> Call:
    """One PATCH for each path, that sets an attribute."""
    operations = [
        {
            "method": "PATCH",
            "path": path,
            "data": patch("", {"op": "replace", "path": name, "value": str(value)}).body,
        }
        for path, (name, value) in changes.items()
    ]
    return Call("POST", "/Bulk", {"schemas": [BULK_REQUEST], "Operations": operations})


def members(resource: dict[str, Any]) -> set[str]:
    listed = [each["value"] for each in resource.get("members", ())]
    assert len(listed) == len(set(listed))
    return set(listed)


def steps(before: dict[str, Any], now: dict[str, Any]) -> int:
    """How many versions lie between two readings of a resource."""
    old, new = (int(each["meta"]["version"].strip('W/"')) for each in (before, now))
    return new - old


def total(race: Race, filter: str) -> int:
    query = urlencode({"filter": filter, "count": 0})
    return int(race.do(Call("GET", f"/Users?{query}"))["totalResults"])
