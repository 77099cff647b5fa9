"""What is measured of writing: rounds of steps, each of which leaves the sandbox as it was.

What a step adds, removes or posts, the next one of its round undoes; it is a figure of its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, cycle, islice
from typing import Any

from benchmarks.load import NUMBER, Measured, Request
from benchmarks.operations import Asker
from benchmarks.population import CHANGED
from benchmarks.sandbox import ENTERPRISE, Group, World, user

BULK_POSTS = 100
_SAMPLE = 400
_PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


@dataclass(frozen=True, slots=True)
class Write:
    """One step of a round. ``requests`` gives those of a turn, from what the step before did; each
    changes something. With ``to_the_end`` all of them are asked, however long it takes. A step
    without a name only tidies up.
    """

    name: str
    requests: Callable[[Measured], Iterable[Request]]
    status: int = 200
    to_the_end: bool = False


def writes(asker: Asker, world: World) -> list[list[Write]]:
    """The rounds, in an order in which none disturbs the next."""
    return [
        _posting(asker),
        [Write("user_patch_active", _endless(_active(asker, world)))],
        [Write("user_patch_entra", _endless(_as_entra(asker, world)))],
        [Write("user_put", _endless(_replacing(asker, world)))],
        _membership("group_remove_one", "group_add_one", asker, world.classes),
        _membership("group_remove_one, by filter", "", asker, world.classes, by_filter=True),
        _membership("big_group_remove_one, by filter", "", asker, world.huge, by_filter=True),
        _membership("big_group_remove_one, 10,000", "big_group_add_one, 10,000", asker, world.big),
        _membership("big_group_remove_one, 50,000", "big_group_add_one, 50,000", asker, world.huge),
        _membership(*COMPARED[0], asker, world.hundreds, "?excludedAttributes=members"),
        _membership(*COMPARED[1], asker, world.huge, "?excludedAttributes=members"),
        [_deleting_oldest(asker, world)],
        [Write("bulk_100_posts", _endless(_bulk(asker)))],
    ]


COMPARED = (
    ("remove_one, answered 200, 100", "add_one, answered 200, 100"),
    ("remove_one, answered 200, 50,000", "add_one, answered 200, 50,000"),
)
"""The same changes of a small and of a large group, asked and answered alike."""


def change_some(asker: Asker, world: World) -> str:
    """Change :data:`~benchmarks.population.CHANGED` users after the time that is returned."""
    first, *others = islice(_renaming(asker, world), CHANGED + 1)
    answer = asker.connection.ask(first)
    time.sleep(0.001)
    for each in others:
        asker.connection.ask(each)
    return str(json.loads(answer.body)["meta"]["lastModified"])


def _endless(requests: Iterator[Request]) -> Callable[[Measured], Iterator[Request]]:
    """Each turn goes on where the one before ended."""
    return lambda _: requests


def _posting(asker: Asker) -> list[Write]:
    template = asker.request("POST", "/Users", user(f"-new-{NUMBER}"))

    def delete(done: Measured) -> list[Request]:
        ids = [json.loads(body)["id"] for body in done.made]
        return [asker.request("DELETE", f"/Users/{id}") for id in ids]

    return [
        Write("user_post", _endless(template.numbered(number) for number in count()), 201),
        Write("user_delete", delete, 204, to_the_end=True),
    ]


def _deleting_oldest(asker: Asker, world: World) -> Write:
    """Users at the beginning of the list, who are in groups too; some of them each turn."""
    oldest = iter(world.leavers)
    some = len(world.leavers) // 20

    def delete(_done: Measured) -> list[Request]:
        return [asker.request("DELETE", f"/Users/{id}") for id in islice(oldest, some)]

    return Write("user_delete, oldest", delete, 204, to_the_end=True)


def _sample(world: World, first: int = 0) -> list[tuple[int, str]]:
    """Numbers and ids of users of the later half; others where ``first`` is 1."""
    half = world.count // 2
    numbers = range(half + first, world.count, max(2, half // _SAMPLE))
    return [(number, world.users[number]) for number in numbers]


def _patching(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [_PATCH_OP], "Operations": list(operations)}


def _replacement(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def _active(asker: Asker, world: World) -> Iterator[Request]:
    return cycle(
        [
            asker.request("PATCH", f"/Users/{id}", _patching(_replacement("active", value)))
            for value in (False, True)
            for _, id in _sample(world, 1)
        ]
    )


def _numbered(templates: Sequence[Request]) -> Iterator[Request]:
    """The templates in turn, again and again, each time with the next number."""
    return (each.numbered(number) for number, each in enumerate(cycle(templates)))


def _renaming(asker: Asker, world: World) -> Iterator[Request]:
    body = _patching(_replacement("name.givenName", f"Imię {NUMBER}"))
    return _numbered(
        [asker.request("PATCH", f"/Users/{id}", body) for _, id in _sample(world)]
    )  # fmt: skip


def _as_entra(asker: Asker, world: World) -> Iterator[Request]:
    body = _patching(
        _replacement("displayName", f"Nazwa {NUMBER}"),
        _replacement("name.familyName", f"Nazwisko {NUMBER}"),
        _replacement('phoneNumbers[type eq "mobile"].value', f"+48 {NUMBER}"),
        _replacement(f"{ENTERPRISE}:department", f"klasa {NUMBER}"),
    )
    return _numbered(
        [asker.request("PATCH", f"/Users/{id}", body) for _, id in _sample(world)]
    )  # fmt: skip


def _replacing(asker: Asker, world: World) -> Iterator[Request]:
    return _numbered(
        [
            asker.request("PUT", f"/Users/{id}", user(number) | {"displayName": f"Nowa {NUMBER}"})
            for number, id in _sample(world)
        ]
    )


def _membership(
    remove: str,
    add: str,
    asker: Asker,
    groups: Sequence[Group],
    query: str = "",
    *,
    by_filter: bool = False,
) -> list[Write]:
    """One member from each group in turn, then a second one; and all of them back."""

    def removal(id: str) -> dict[str, Any]:
        if by_filter:
            return {"op": "remove", "path": f'members[value eq "{id}"]'}
        return {"op": "remove", "path": "members", "value": [{"value": id}]}

    def addition(id: str) -> dict[str, Any]:
        return {"op": "add", "path": "members", "value": [{"value": id}]}

    def requests(operation: Callable[[str], dict[str, Any]]) -> Iterator[Request]:
        for members in zip(*(group.members for group in groups), strict=True):
            for group, id in zip(groups, members, strict=True):
                body = _patching(operation(id))
                yield asker.request("PATCH", f"/Groups/{group.id}{query}", body)

    status = 204 if not query and len(groups[0].members) > MOST_SHOWN else 200
    return [
        Write(remove, lambda _: requests(removal), status),
        Write(add, lambda done: islice(requests(addition), done.requests), status, to_the_end=True),
    ]


MOST_SHOWN = 1_000
"""A longer group is answered with 204 when members of it are changed."""


def _bulk(asker: Asker) -> Iterator[Request]:
    operations = [
        {
            "method": "POST",
            "path": "/Users",
            "bulkId": f"user{number}",
            "data": user(f"-bulk-{NUMBER}-{number}"),
        }
        for number in range(BULK_POSTS)
    ]
    body = {"schemas": [_BULK_REQUEST], "Operations": operations}
    return map(asker.request("POST", "/Bulk", body).numbered, count())
