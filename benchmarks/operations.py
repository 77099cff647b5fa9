"""What is measured: the requests of each operation, taken from what the server itself lists."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from benchmarks.load import Connection, Request, request
from benchmarks.population import CHANGED, group_sizes, login
from scim_server.oauth.credentials import Credentials

_SAMPLE = 40


@dataclass(frozen=True, slots=True)
class Operation:
    """Requests asked in turn. ``holds`` is how many resources each answer must hold, and ``total``
    what it must say there are in all, where that is known.
    """

    name: str
    requests: tuple[Request, ...]
    holds: int = 1
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Crawl:
    """A walk to the end of a list: ``page`` counts resources on a page, ``total`` in all."""

    asker: Asker
    name: str
    endpoint: str
    page: int
    total: int
    rest: str = ""
    by_cursor: bool = False

    def at(self, start: int, cursor: str = "") -> Request:
        """The request of one page."""
        place = f"cursor={cursor}" if self.by_cursor else f"startIndex={start}"
        return self.asker.request("GET", f"{self.endpoint}?{place}&count={self.page}{self.rest}")


class Asker:
    """Makes requests to a unit with its client's token."""

    def __init__(self, port: int, unit: str, client: Credentials) -> None:
        basic = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
        self.token_request = request(
            "POST",
            f"/{unit}/oauth2/token",
            [
                ("Authorization", f"Basic {basic}"),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ],
            b"grant_type=client_credentials",
        )
        self.connection = Connection(port)
        token = json.loads(self.connection.ask(self.token_request).body)["access_token"]
        self._base = f"/{unit}/scim/v2"
        self.headers = [("Authorization", f"Bearer {token}")]
        self._writing = [*self.headers, ("Content-Type", "application/scim+json")]

    def get(self, path: str, **query: str | int) -> Request:
        parts = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())
        return self.request("GET", f"{path}{'?' if parts else ''}{parts}")

    def request(self, method: str, target: str, body: Any = None) -> Request:
        """``target`` begins below the unit's base, ``body`` is sent as SCIM JSON."""
        if body is None:
            return request(method, self._base + target, self.headers)
        return request(method, self._base + target, self._writing, json.dumps(body).encode())

    def resources(self, path: str, **query: str | int) -> list[dict[str, str]]:
        answer = self.connection.ask(self.get(path, **query))
        found: list[dict[str, str]] = json.loads(answer.body)["Resources"]
        return found


def operations(asker: Asker, count: int, since: str) -> list[Operation]:
    """The read operations, for a directory of ``count`` users."""
    step = max(1, count // _SAMPLE)
    numbers = range(0, count, step)
    users = [asker.resources("/Users", filter=f'userName eq "{login(n)}"')[0] for n in numbers]
    groups = asker.resources("/Groups", count=_SAMPLE, excludedAttributes="members")
    big_name = "Wszyscy – 2026/27"
    big = asker.resources(
        "/Groups", filter=f'displayName eq "{big_name}"', excludedAttributes="members"
    )[0]["id"]
    no_groups, no_members = {"excludedAttributes": "groups"}, {"excludedAttributes": "members"}

    def each(path: str, values: Iterator[str], **rest: str | int) -> tuple[Request, ...]:
        return tuple(asker.get(path, filter=value, **rest) for value in values)

    ids = [user["id"] for user in users]
    return [
        Operation(
            "test_connection",
            each("/Users", (f'userName eq "nobody-{n}"' for n in range(_SAMPLE)), count=100),
            0, 0,
        ),
        Operation(
            "user_by_userName",
            each("/Users", (f'userName eq "{login(n)}"' for n in numbers), **no_groups),
            1,
        ),
        Operation(
            "user_by_externalId",
            each("/Users", (f'externalId eq "U-{n:06d}"' for n in numbers), **no_groups),
            1,
        ),
        Operation("user_by_id", tuple(asker.get(f"/Users/{id}", **no_groups) for id in ids)),
        Operation("user_by_id, ten groups", tuple(asker.get(f"/Users/{id}") for id in ids)),
        Operation("users_page_100_first", (asker.get("/Users", count=100, **no_groups),), 100),
        Operation("users_page_100_first, ten groups", (asker.get("/Users", count=100),), 100),
        Operation(
            "user_filter_sw_100",
            each("/Users", iter(['name.familyName sw "kow"']), count=100, **no_groups),
            100,
        ),
        Operation(
            "user_filter_co_100",
            each("/Users", iter(['displayName co "owalsk"']), count=100, **no_groups),
            100,
        ),
        Operation(
            "group_by_name_nomembers",
            each("/Groups", (f'displayName eq "{g["displayName"]}"' for g in groups),
                 **no_members),
            1,
        ),
        Operation(
            "group_by_id_nomembers",
            tuple(asker.get(f"/Groups/{g['id']}", **no_members) for g in groups),
        ),
        Operation("group_by_id_members", tuple(asker.get(f"/Groups/{g['id']}") for g in groups)),
        Operation("groups_page_100_nomembers", (asker.get("/Groups", count=100, **no_members),),
                  100),
        Operation("big_group_nomembers", (asker.get(f"/Groups/{big}", **no_members),)),
        Operation("big_group_members", (asker.get(f"/Groups/{big}"),)),
        delta_page("delta_page_100", asker, since),
        Operation(
            "delta_empty",
            each("/Users", iter(['meta.lastModified gt "2100-01-01T00:00:00Z"']), count=100),
            0, 0,
        ),
        Operation("token", (asker.token_request,), 0),
    ]  # fmt: skip


def crawls(asker: Asker, count: int, since: str) -> list[Crawl]:
    groups = len(group_sizes(count)) + 1
    no_groups, no_members = "&excludedAttributes=groups", "&excludedAttributes=members"
    return [
        Crawl(asker, "crawl_users_100", "/Users", 100, count, no_groups),
        Crawl(asker, "crawl_users_500", "/Users", 500, count, no_groups),
        Crawl(asker, "crawl_users_1000", "/Users", 1000, count, no_groups),
        Crawl(asker, "crawl_users_100, by cursor", "/Users", 100, count, no_groups, by_cursor=True),
        Crawl(asker, "crawl_users_1000, by cursor", "/Users", 1000, count, no_groups,
              by_cursor=True),
        Crawl(asker, "crawl_users_1000, ten groups", "/Users", 1000, count),
        Crawl(asker, "crawl_groups_nomembers_100", "/Groups", 100, groups, no_members),
        Crawl(asker, "crawl_groups_members_100", "/Groups", 100, count // 10 // 100 * 100),
        delta_catch_up("delta_catch_up", asker, since),
    ]  # fmt: skip


def delta_page(name: str, asker: Asker, since: str) -> Operation:
    """The first hundred of the users changed after ``since``."""
    changed = f'meta.lastModified gt "{since}"'
    page = asker.get("/Users", filter=changed, count=100, excludedAttributes="groups")
    return Operation(name, (page,), 100, CHANGED)


def delta_catch_up(name: str, asker: Asker, since: str) -> Crawl:
    """All the users changed after ``since``."""
    changed = quote(f'meta.lastModified gt "{since}"', safe="")
    rest = f"&excludedAttributes=groups&filter={changed}"
    return Crawl(asker, name, "/Users", 100, CHANGED, rest)
