"""Every address and method, asked about what another unit has: to the byte, what nobody has.

Each request is asked twice, once with what the other unit has (its ids, logins, keys, cursors,
tokens, versions) and once with the like that nobody has. The addresses come from the
application's own routing table: a new one fails here until :data:`ROWS` says what its bodies may
refer to.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, product
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from scim_server.database import Database
from scim_server.directory.sandboxes import set_options
from scim_server.oauth.secrets import new_secret, new_token
from scim_server.oneroster.versions import VERSIONS
from tests.isolation.neighbour import neighbour_of
from tests.oauth.asking import FORM
from tests.sandbox import (
    BULK_REQUEST,
    ENTERPRISE,
    GROUP,
    PATCH_OP,
    USER,
    Sandbox,
    make_sandbox,
)
from tests.school import ASSIGNMENTS, GROUPS, PUPILS, MovedClock, World, make_world
from tests.security.addresses import METHODS, ROSTERS, Served, rules
from tests.wsgi import Caller, Told

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
SCIM = "/<unit>/scim/v2"
OAUTH = "/<unit>/oauth2"
WRITES = ("POST", "PUT", "PATCH", "DELETE")

Values = Mapping[str, str]
"""What a request may refer to, by the name that stands in braces for it."""


@dataclass(frozen=True)
class Body:
    """What is sent, with names in braces. Written to an own resource where the path has an id."""

    content: Any
    methods: tuple[str, ...] = ("POST",)
    media: str = "application/scim+json"

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else json.dumps(self.content)


FILTERS = (
    'id eq "{user}"', 'id eq "{group}"', 'id ne "{user}"', 'not (id eq "{group}")',
    'userName eq "{login}"', 'userName sw "{login}"', 'externalId eq "{key}"',
    'externalId eq "{group_key}"', 'displayName eq "{name}"', 'displayName co "{name}"',
    'groups eq "{group}"', 'groups.value eq "{group}"', 'groups[value eq "{group}"]',
    'members eq "{user}"', 'members.value ne "{user}"', 'members[value eq "{user}"]',
    'meta.location co "{user}"', 'groups.$ref ew "{group}"', 'members.$ref co "{user}"',
    'id eq "{user}" or userName eq "{login}" or externalId eq "{key}"',
)  # fmt: skip

CONDITIONS = [
    {name: tag} for name in ("If-Match", "If-None-Match") for tag in ("{user_tag}", "{group_tag}",
                                                                      "*", 'W/"0"')
]  # fmt: skip


def _searches() -> tuple[Body, ...]:
    asked: list[dict[str, Any]] = [{"filter": text} for text in FILTERS]
    asked += [{"cursor": "{cursor}", "count": 2}, {"cursor": "{cursor}", "filter": FILTERS[0]}]
    return tuple(Body({"schemas": [SEARCH], **each}) for each in asked)


def _patch(*operations: dict[str, Any]) -> Body:
    return Body({"schemas": [PATCH_OP], "Operations": list(operations)}, ("PATCH",))


def _bulk(*operations: dict[str, Any]) -> Body:
    return Body({"schemas": [BULK_REQUEST], "Operations": list(operations)})


_MEMBERS = [{"value": "{user}"}, {"value": "{group}", "type": "Group"}]
_NEW_USERS: list[dict[str, Any]] = [
    {"userName": "{login}"},
    {"userName": "new.one", "externalId": "{key}", "displayName": "{name}"},
    {"userName": "new.one", "groups": [{"value": "{group}"}]},
    {"userName": "new.one", "id": "{user}"},
    {"userName": "new.one", ENTERPRISE: {"manager": {"value": "{user}"}}},
]
_NEW_GROUPS: list[dict[str, Any]] = [
    {"displayName": "{name}"},
    {"displayName": "new", "externalId": "{group_key}", "id": "{group}"},
    *({"displayName": "new", "members": each} for each in (_MEMBERS, _MEMBERS[:1], _MEMBERS[1:])),
]
_USERS = [{"schemas": [USER, ENTERPRISE], **each} for each in _NEW_USERS]
_GROUPS = [{"schemas": [GROUP], **each} for each in _NEW_GROUPS]
_PATCHES_OF_MEMBERS = (
    _patch({"op": "add", "path": "members", "value": _MEMBERS}),
    _patch({"op": "add", "value": {"members": _MEMBERS[:1]}}),
    _patch({"op": "replace", "path": "members", "value": _MEMBERS}),
    _patch({"op": "remove", "path": 'members[value eq "{user}"]'}),
    _patch({"op": "remove", "path": "members", "value": _MEMBERS}),
    _patch({"op": "replace", "path": 'members[value eq "{group}"].display', "value": "x"}),
    _patch({"op": "add", "path": "externalId", "value": "{group_key}"}),
)
_PATCHES_OF_USERS = (
    _patch({"op": "replace", "path": "userName", "value": "{login}"}),
    _patch({"op": "replace", "path": "externalId", "value": "{key}"}),
    _patch({"op": "add", "path": f"{ENTERPRISE}:manager", "value": {"value": "{user}"}}),
    _patch({"op": "add", "path": "groups", "value": [{"value": "{group}"}]}),
)


def _in_bulk() -> Iterator[Body]:
    for kind, name in (("Users", "{user}"), ("Groups", "{group}")):
        path = f"/{kind}/{name}"
        data = (_USERS if kind == "Users" else _GROUPS)[0]
        rename = _patch({"op": "replace", "path": "displayName", "value": "x"}).content
        yield _bulk({"method": "DELETE", "path": path})
        yield _bulk({"method": "DELETE", "path": path, "version": "{user_tag}"})
        yield _bulk({"method": "PUT", "path": path, "data": data})
        yield _bulk({"method": "PATCH", "path": path, "data": rename})
    for each in _USERS:
        yield _bulk({"method": "POST", "path": "/Users", "bulkId": "1", "data": each})
    for each in _GROUPS:
        yield _bulk({"method": "POST", "path": "/Groups", "bulkId": "1", "data": each})
    for patch in _PATCHES_OF_MEMBERS:
        yield _bulk({"method": "PATCH", "path": "/Groups/{own_group}", "data": patch.content})
    for patch in _PATCHES_OF_USERS:
        yield _bulk({"method": "PATCH", "path": "/Users/{own_user}", "data": patch.content})


def _forms(*texts: str) -> tuple[Body, ...]:
    return tuple(Body(text, media=FORM) for text in texts)


_OWN_CLIENT = "client_id={own_client}&client_secret={own_secret}"
_THEIR_CLIENT = "client_id={client}&client_secret={secret}"
_NOTHING: tuple[Body, ...] = ()

ROWS: dict[str, tuple[Body, ...]] = {
    f"{OAUTH}/token": _forms(
        f"grant_type=client_credentials&{_THEIR_CLIENT}",
        "grant_type=client_credentials&client_id={client}&client_secret={own_secret}",
        "grant_type=client_credentials&client_id={own_client}&client_secret={secret}",
    ),
    f"{OAUTH}/revoke": _forms(f"{_OWN_CLIENT}&token={{token}}", f"{_THEIR_CLIENT}&token={{token}}"),
    f"{OAUTH}/introspect": _forms(
        f"{_OWN_CLIENT}&token={{token}}", f"{_THEIR_CLIENT}&token={{token}}"
    ),
    "/.well-known/oauth-authorization-server/<unit>": _NOTHING,
    "/.well-known/oauth-protected-resource/<unit>/scim/v2": _NOTHING,
    SCIM: _NOTHING,
    f"{SCIM}/": _NOTHING,
    f"{SCIM}/.search": _searches(),
    f"{SCIM}/Users": tuple(Body(each) for each in _USERS),
    f"{SCIM}/Users/.search": _searches(),
    f"{SCIM}/Users/<id>": (*(Body(each, ("PUT",)) for each in _USERS), *_PATCHES_OF_USERS),
    f"{SCIM}/Groups": tuple(Body(each) for each in _GROUPS),
    f"{SCIM}/Groups/.search": _searches(),
    f"{SCIM}/Groups/<id>": (*(Body(each, ("PUT",)) for each in _GROUPS), *_PATCHES_OF_MEMBERS),
    f"{SCIM}/ResourceTypes": _NOTHING,
    f"{SCIM}/ResourceTypes/<id>": _NOTHING,
    f"{SCIM}/Schemas": _NOTHING,
    f"{SCIM}/Schemas/<id>": _NOTHING,
    f"{SCIM}/ServiceProviderConfig": _NOTHING,
    f"{SCIM}/Bulk": tuple(_in_bulk()),
    f"{SCIM}/Me": (*(Body(each, ("PUT",)) for each in _USERS), *_PATCHES_OF_USERS),
    f"{SCIM}/<path:rest>": _NOTHING,
    **{f"/<unit>/{base}/<path:rest>": _NOTHING for each in VERSIONS for base in each.bases},
}
"""What the bodies that an address takes may refer to. Its path, query and headers need no row."""


@dataclass(frozen=True)
class Ask:
    """One request, with names in braces."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: str = ""
    media: str = "application/scim+json"

    def send(self, caller: Caller, values: Values) -> Told:
        headers = {name: fill(value, values) for name, value in self.headers.items()}
        quoted = {name: quote(value) for name, value in values.items()}
        return caller(
            self.method, fill(self.target, quoted), headers=headers,
            body=fill(self.body, values).encode(), media=self.media,
        )  # fmt: skip

    @property
    def may_write(self) -> bool:
        """A resource."""
        is_search, is_scim = ".search" in self.target, "/scim/v2" in self.target
        return bool(self.body) and self.method in WRITES and is_scim and not is_search


def fill(text: str, values: Values) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value.replace('"', '\\"') if text[:1] == "{" else value)
    return text


def asks(rule: str) -> Iterator[Ask]:
    """Every request that an address may be asked with something of another unit's."""
    paths = [path.replace("<unit>", "{own_unit}") for path in _paths(rule)]
    theirs = [path.replace("<unit>", "{unit}") for path in _paths(rule)]
    for method, path in product(METHODS, paths):
        yield Ask(method, path, {})
        for condition in CONDITIONS:
            yield Ask(method, path, condition)
    for method, path in product(METHODS, theirs):
        yield Ask(method, path, {})
    queries = list(_roster_queries() if ROSTERS in rule else _queries())
    for method, path, query in product(("GET", "HEAD"), paths, queries):
        yield Ask(method, f"{path}?{query}", {})
    for body in ROWS[rule]:
        own = "{own_user}" if "Users" in rule else "{own_group}"
        ids = [own, "{user}", "{group}"] if "<id>" in rule else [""]
        for method, id in product(body.methods, ids):
            path = rule.replace("<unit>", "{own_unit}").replace("<id>", id)
            yield Ask(method, path, {}, body.text, body.media)
            if id:
                yield Ask(method, path, {"If-Match": "{group_tag}"}, body.text, body.media)


def _paths(rule: str) -> list[str]:
    rest = ROSTER_PATHS if ROSTERS in rule else ("{user}", "Users/{user}/x", "{login}")
    return [
        rule.replace("<id>", id).replace("<path:rest>", path)
        for id, path in product(
            ("{user}", "{group}") if "<id>" in rule else ("",),
            rest if "<path:rest>" in rule else ("",),
        )
    ]


def _queries() -> Iterator[str]:
    quoted = str.maketrans({" ": "%20", '"': "%22"})
    for text in FILTERS:
        yield f"filter={text.translate(quoted)}"
    yield "cursor={cursor}&count=2"
    yield "cursor={cursor}&count=2&filter=" + FILTERS[0].translate(quoted)
    yield "attributes=id,groups.value,members.value"
    yield "excludedAttributes=groups,members"


ROSTER_PATHS = (
    "users", "classes", "enrollments", "users/{user}", "students/{user}", "classes/{group}",
    "enrollments/{group}.{user}", "users/{user}/classes", "classes/{group}/students",
    "schools/{user}/classes/{group}/enrollments", "terms/{group}/classes", "orgs/{user}",
)  # fmt: skip


def _roster_queries() -> Iterator[str]:
    for field, name in (
        ("sourcedId", "user"), ("sourcedId", "group"), ("username", "login"), ("title", "name"),
        ("user.sourcedId", "user"), ("class.sourcedId", "group"), ("school.sourcedId", "user"),
        ("status='active' AND sourcedId", "user"),
    ):  # fmt: skip
        yield f"filter={field.replace(' ', '%20')}=%27{{{name}}}%27"


@dataclass
class Sides:
    """A unit that asks, and what another one has that it asks about; ``look`` at that one."""

    unit: Served
    theirs: dict[str, str]
    look: Callable[[], Any]
    is_asked: Callable[[Ask], bool] = bool

    @property
    def nobodys(self) -> dict[str, str]:
        """As long as theirs, so that a length tells nothing."""
        changed = {name: re.sub("[A-Za-z0-9]", "q", self.theirs[name]) for name in _NAMES}
        ids = {name: str(uuid.uuid4()) for name in ("user", "group")}
        cursor = self.theirs["cursor"][:-6] + "AAAAAA"
        sealed = {"token": new_token(), "secret": new_secret().text, "cursor": cursor}
        return {**self.theirs, **changed, **ids, **sealed}


_NAMES = ("login", "key", "group_key", "name", "client", "unit")


@pytest.fixture(params=["school", "sandbox", "strict sandbox"])
def sides(
    request: pytest.FixtureRequest,
    database: Database,
    database_url: str,
    clock: MovedClock,
    tmp_path: Path,
) -> Sides:
    """Two units with the same people and groups; the other has some more."""
    if request.param == "school":
        return _schools(make_world(database, database_url, clock, tmp_path))
    unit, other = (make_sandbox(database, database_url, clock, name) for name in ("tu", "obok"))
    for each in (unit, other):
        if request.param == "strict sandbox":
            options = {"unknown_members": "refuse", "group_names": "unique"}
            with database.write() as connection:
                set_options(connection, each.unit.name, options, now=clock(), actor="os:test")
        users = [each.user(f"user.{n}", externalId=f"U-{n}")["id"] for n in range(3)]
        each.group("7a", *users, externalId="G-0")
    user = other.user("only.there", externalId="U-9", displayName="Only There")
    group = other.group("Only there", user["id"], externalId="G-99")
    sides = _sides(unit, other, user, group)
    if request.param == "strict sandbox":  # reads are the same whatever may be written
        sides.is_asked = lambda ask: ask.may_write
    return sides


def _schools(world: World) -> Sides:
    other = neighbour_of(world)
    other.import_files(
        pupils=f"{PUPILS}U-9;Nowa;Obca;nowa.obca;;;SP 12\n",
        groups=f"{GROUPS}G-99;Chemia;3C;;2026/2027;SP 12\n",
        assignments=f"{ASSIGNMENTS}G-99;U-9\n",
    )
    user = other.list("/Users", filter='externalId eq "U-9"')["Resources"][0]
    group = other.list("/Groups", filter='externalId eq "G-99"')["Resources"][0]
    return _sides(world, other, user, group)


def _sides(unit: Served, other: Served, user: dict[str, Any], group: dict[str, Any]) -> Sides:
    cursor = json.loads(other.get("/Users", query_string={"cursor": "", "count": 2}).data)
    theirs = {
        "user": user["id"], "group": group["id"], "login": user["userName"],
        "key": user["externalId"], "group_key": group["externalId"],
        "name": group["displayName"], "user_tag": user["meta"]["version"],
        "group_tag": group["meta"]["version"], "cursor": cursor["nextCursor"],
        "token": other.token, "unit": other.unit.name, "own_unit": unit.unit.name,
        "client": other.credentials.client_id, "secret": other.credentials.client_secret,
        "own_client": unit.credentials.client_id, "own_secret": unit.credentials.client_secret,
    }  # fmt: skip
    return Sides(unit, theirs, lambda: other.get("/", query_string={"count": 100}).data)


def test_every_address_has_a_row(world: World) -> None:
    """Red when the route table gets an address that nothing is said of here."""
    known = {rule.rule for rule in rules(world)}
    assert known - ROWS.keys() == set(), "say in ROWS what the bodies of these may refer to"
    assert ROWS.keys() - known == set(), "these are no addresses any longer: take their rows away"


def test_what_another_unit_has_is_what_nobody_has(sides: Sides) -> None:
    """Red when anything that an address reads or writes isn't kept to ``unit_id``, or a message
    tells one from the other.
    """
    before = sides.look()
    reader, nobody = Caller(sides.unit.app, sides.unit.token), Caller(sides.unit.app)
    for ask in filter(sides.is_asked, chain.from_iterable(map(asks, ROWS))):
        is_read = "/scim/v2" in ask.target or ROSTERS in ask.target
        caller = reader if is_read else nobody
        told = [_tell(sides, caller, ask, values) for values in (sides.theirs, sides.nobodys)]
        assert told[0] == told[1], ask
    assert sides.look() == before


def _tell(sides: Sides, caller: Caller, ask: Ask, values: dict[str, str]) -> str:
    """The answer with what was asked taken out of it, and what was made for asking."""
    if not (ask.may_write and isinstance(sides.unit, Sandbox)):
        return _unnamed(ask.send(caller, values), values)
    base = f"/{sides.unit.unit.name}/scim/v2"
    existing = _resources(caller, base)
    own = {
        name: _made(caller, f"{base}/{kind}", document)
        for name, kind, document in _OWN
        if f"{{{name}}}" in ask.target + ask.body
    }
    told = ask.send(caller, {**values, **own})
    if own or told.status < 300:
        for address in _resources(caller, base) - existing:
            caller("DELETE", address)
        assert _resources(caller, base) == existing
    return _without_ids(_unnamed(told, values))


_OWN = (
    ("own_user", "Users", {"schemas": [USER], "userName": "own"}),
    ("own_group", "Groups", {"schemas": [GROUP], "displayName": "own"}),
)


def _made(caller: Caller, address: str, document: dict[str, Any]) -> str:
    told = caller("POST", address, body=json.dumps(document).encode())
    return str(json.loads(told.body)["id"])


def _resources(caller: Caller, base: str) -> set[str]:
    """The address of each resource there is."""
    told = caller("GET", f"{base}/?count=100&attributes=meta.resourceType")
    listed = json.loads(told.body)["Resources"]
    return {f"{base}/{each['meta']['resourceType']}s/{each['id']}" for each in listed}


def _unnamed(answer: Told, values: Values) -> str:
    text = repr(answer)
    for name, value in sorted(values.items(), key=lambda each: -len(each[1])):
        if name not in ("own_unit", "user_tag", "group_tag"):
            text = text.replace(value, f"<{name}>").replace(quote_plus(value), f"<{name}>")
    return text


def _without_ids(text: str) -> str:
    """``text`` with each id that isn't known named by its place."""
    found: dict[str, str] = {}
    form = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    return re.sub(form, lambda id: found.setdefault(id[0], f"<{len(found)}>"), text)
