"""Entra's provisioning job, scripted: the requests of its cycles in both flavours of PATCH.

A job takes what its tenant holds to a SCIM server. It matches by a filter before it creates, keeps
the ids that it found, reads what it is about to update and sends what differs. People come first,
then their managers, then groups without members, then members. What failed is tried again in the
next cycle. Refused credentials, or too large a share of failures, put the job into quarantine.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from tests.sandbox import ENTERPRISE, GROUP, PATCH_OP, USER

ADSCIM = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
FLAG = "aadOptscim062020"
MANAGER = f"{ENTERPRISE}:manager"
BAD_CREDENTIALS = "EncounteredQuarantineException"
TOO_MANY_FAILURES = "EncounteredEscrowProportionThreshold"

_ELEMENT = re.compile(r'(\w+)\[type eq "(\w+)"\]\.(\w+)')
_SECONDS = 30
_MOST_FAILURES = 0.4


@dataclass(frozen=True)
class Person:
    """A user of the tenant; ``manager`` is the key of another."""

    key: str
    login: str
    given_name: str
    family_name: str
    title: str | None = None
    mobile: str | None = None
    manager: str | None = None
    is_soft_deleted: bool = False

    def attributes(self) -> dict[str, Any]:
        """The mapping: what each attribute of the target is, by its path."""
        return {
            "userName": self.login,
            "externalId": self.key,
            "active": not self.is_soft_deleted,
            "displayName": f"{self.given_name} {self.family_name}",
            "name.givenName": self.given_name,
            "name.familyName": self.family_name,
            'emails[type eq "work"].value': self.login,
            'phoneNumbers[type eq "mobile"].value': self.mobile,
            "title": self.title,
            f"{ENTERPRISE}:employeeNumber": self.key,
        }


@dataclass(frozen=True)
class Team:
    """A group of the tenant; ``members`` are keys of people."""

    key: str
    name: str
    members: frozenset[str] = frozenset()

    def attributes(self) -> dict[str, Any]:
        return {"displayName": self.name, "externalId": self.key}


@dataclass(frozen=True)
class Tenant:
    """What the job has to bring about. Whoever is missing is deleted."""

    people: Mapping[str, Person]
    teams: Mapping[str, Team]


class Refused(Exception):
    """An answer that makes an object fail."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status = status


class CredentialsRefused(Exception):
    """No token, or none that is taken."""


class Job:
    """One provisioning job of one application."""

    def __init__(
        self, tenant_url: str, token_url: str, client_id: str, client_secret: str, *, flag: bool
    ) -> None:
        address = urlsplit(tenant_url)
        self._connection = HTTPConnection(str(address.hostname), address.port, timeout=_SECONDS)
        self._base = address.path
        self._token_path = urlsplit(token_url).path
        self._client_id = client_id
        self.client_secret = client_secret
        self._flag = flag
        self._token = ""
        self._ids: dict[str, str] = {}
        self._people: dict[str, Person] = {}
        self._teams: dict[str, Team] = {}
        self._tried: set[str] = set()
        self.failures: dict[str, int] = {}
        self.quarantine = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def restart(self) -> None:
        """Forget what was done and whom it was done to, so that the next cycle is a first one."""
        self._ids, self._people, self._teams = {}, {}, {}

    def forget_token(self) -> None:
        """As if it had ended."""
        self._token = ""

    def test_connection(self) -> bool:
        """Whether nobody is found under names that nobody has."""
        try:
            people = self._matches("/Users", "userName", str(uuid.uuid4()))
            teams = self._matches("/Groups", "displayName", str(uuid.uuid4()))
            self._ask("GET", "/Schemas")
        except (Refused, CredentialsRefused):
            return False
        return not people and not teams

    def run_cycle(self, tenant: Tenant) -> None:
        """Bring the server from what this job did last to what ``tenant`` holds now."""
        self.failures, self._tried, self.quarantine = {}, set(), ""
        people = [each for each in tenant.people.values() if each != self._people.get(each.key)]
        teams = [each for each in tenant.teams.values() if each != self._teams.get(each.key)]
        try:
            self._each(people, self._push_person)
            self._each(people, self._push_manager)
            self._each(teams, self._push_team)
            self._each(teams, self._push_members)
            self._each([self._teams[key] for key in {*self._teams} - {*tenant.teams}], self._delete)
            self._each(
                [self._people[key] for key in {*self._people} - {*tenant.people}], self._delete
            )
        except CredentialsRefused:
            self.quarantine = BAD_CREDENTIALS
            return
        self._people |= {each.key: each for each in people if each.key not in self.failures}
        self._teams |= {each.key: each for each in teams if each.key not in self.failures}
        if len(self.failures) > _MOST_FAILURES * len(self._tried):
            self.quarantine = TOO_MANY_FAILURES

    def _each(self, items: Iterable[Any], do: Callable[[Any], None]) -> None:
        for item in items:
            self._tried.add(item.key)
            if item.key in self.failures:
                continue
            try:
                do(item)
            except Refused as refused:
                self.failures[item.key] = refused.status

    def _push_person(self, person: Person) -> None:
        self._push("/Users", person, "userName", [USER, ENTERPRISE])

    def _push_team(self, team: Team) -> None:
        self._push("/Groups", team, "displayName", [GROUP, ADSCIM])

    def _push(self, path: str, item: Person | Team, matching: str, schemas: list[str]) -> None:
        wanted = item.attributes()
        if item.key not in self._ids:
            found = self._matches(path, matching, wanted[matching])
            if not found:
                body: dict[str, Any] = {"schemas": schemas, "meta": {"resourceType": path[1:-1]}}
                for name, value in wanted.items():
                    _put(body, name, value)
                self._ids[item.key] = self._ask("POST", path, body=body)["id"]
                return
            self._ids[item.key] = found[0]["id"]
        at = f"{path}/{self._ids[item.key]}"
        query = {"excludedAttributes": "members"} if path == "/Groups" else {}
        current = self._ask("GET", at, query)
        changed = {
            name: (_get(current, name), value)
            for name, value in wanted.items()
            if _get(current, name) != value
        }
        if changed:
            self._patch(at, self._operations(changed))

    def _push_manager(self, person: Person) -> None:
        id = self._ids[person.key]
        if person.manager is None:
            if _get(self._ask("GET", f"/Users/{id}"), MANAGER):
                self._patch(f"/Users/{id}", [{"op": self._op("remove"), "path": MANAGER}])
            return
        manager = self._id_of(person.manager)
        if not self._refers("/Users", id, "manager", manager):
            value = manager if self._flag else [{"$ref": None, "value": manager}]
            operation = {"op": self._op("add"), "path": MANAGER, "value": value}
            self._patch(f"/Users/{id}", [operation])

    def _push_members(self, team: Team) -> None:
        id = self._ids[team.key]
        before = self._teams[team.key].members if team.key in self._teams else frozenset()
        joined = [self._id_of(key) for key in sorted(team.members - before)]
        new = [member for member in joined if not self._refers("/Groups", id, "members", member)]
        left = [self._ids[key] for key in sorted(before - team.members)]
        if new:
            value = [{"value": each} if self._flag else {"$ref": None, "value": each}
                     for each in new]  # fmt: skip
            self._patch(
                f"/Groups/{id}", [{"op": self._op("add"), "path": "members", "value": value}]
            )
        for member in left:
            self._patch(f"/Groups/{id}", [self._without(member)])
            assert not self._refers("/Groups", id, "members", member)

    def _without(self, member: str) -> dict[str, Any]:
        if self._flag:
            return {"op": "remove", "path": f'members[value eq "{member}"]'}
        return {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": member}]}

    def _delete(self, item: Person | Team) -> None:
        path = "/Users" if isinstance(item, Person) else "/Groups"
        self._ask("DELETE", f"{path}/{self._ids[item.key]}")
        for held in (self._ids, self._people, self._teams):
            held.pop(item.key, None)

    def _operations(self, changed: Mapping[str, tuple[Any, Any]]) -> list[dict[str, Any]]:
        """What takes each attribute from its first value to its second."""
        if not self._flag:
            return [_operation(name, *values, self._op) for name, values in changed.items()]
        together = {
            name: values[1]
            for name, values in changed.items()
            if values[1] is not None and not _ELEMENT.fullmatch(name)
        }
        if len(together) < 2:
            together = {}
        alone = [
            _operation(name, *values, self._op)
            for name, values in changed.items()
            if name not in together
        ]
        return alone + ([{"op": "replace", "value": together}] if together else [])

    def _op(self, name: str) -> str:
        return name if self._flag else name.capitalize()

    def _patch(self, path: str, operations: list[dict[str, Any]]) -> None:
        if not self._flag:
            operations = [_with_texts(each) for each in operations]
        self._ask("PATCH", path, body={"schemas": [PATCH_OP], "Operations": operations})

    def _id_of(self, key: str) -> str:
        """The id of a person that is referred to, who may have failed."""
        if key not in self._ids:
            raise Refused(404, f"{key} is not there yet.")
        return self._ids[key]

    def _matches(self, path: str, name: str, value: str) -> list[dict[str, Any]]:
        query = {"filter": f"{name} eq {json.dumps(value, ensure_ascii=False)}"}
        if path == "/Groups":
            query = {"excludedAttributes": "members", **query}
        return self._listed(path, query)

    def _refers(self, path: str, id: str, name: str, other: str) -> bool:
        """The check of a reference, whose values one flavour leaves without quotation marks."""
        mark = '"' if self._flag else ""
        text = f"id eq {mark}{id}{mark} and {name} eq {mark}{other}{mark}"
        return [
            each["id"] for each in self._listed(path, {"filter": text, "attributes": "id"})
        ] == [id]

    def _listed(self, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        answer = self._ask("GET", path, query)
        assert answer["totalResults"] == len(answer["Resources"])
        return list(answer["Resources"])

    def _ask(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None
    ) -> Any:
        """The JSON of an answer that isn't a refusal; a refused token is renewed once."""
        parameters = [FLAG] if self._flag else []
        parameters += [urlencode(query, quote_via=quote)] if query else []
        target = "?".join([f"{self._base}{path}", *filter(None, ["&".join(parameters)])])
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        for is_last in (not self._token, True):
            if not self._token:
                self._token = self._new_token()
            headers = {
                "Authorization": f"Bearer {self._token}",
                "Accept": "application/scim+json",
                "Content-Type": "application/scim+json; charset=utf-8",
            }
            status, answer = self._exchange(method, target, data, headers)
            if status != 401:
                break
            self._token = ""
            if is_last:
                raise CredentialsRefused(answer)
        if status >= 400:
            raise Refused(status, answer)
        return answer

    def _new_token(self) -> str:
        """By client credentials: in the header in one flavour, in the form in the other."""
        form = {"grant_type": "client_credentials"}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self._flag:
            pair = base64.b64encode(f"{self._client_id}:{self.client_secret}".encode())
            headers["Authorization"] = f"Basic {pair.decode()}"
        else:
            form |= {"client_id": self._client_id, "client_secret": self.client_secret}
        status, answer = self._exchange(
            "POST", self._token_path, urlencode(form).encode(), headers
        )  # fmt: skip
        if status != 200:
            raise CredentialsRefused(answer)
        return str(answer["access_token"])

    def _exchange(
        self, method: str, target: str, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        self._connection.request(method, target, body=data, headers=dict(headers))
        response = self._connection.getresponse()
        content = response.read()
        assert response.status < 500, content
        return response.status, json.loads(content) if content else None


def _operation(name: str, old: Any, new: Any, op: Callable[[str], str]) -> dict[str, Any]:
    if new is None:
        return {"op": op("remove"), "path": name}
    return {"op": op("add" if old is None else "replace"), "path": name, "value": new}


def _with_texts(operation: dict[str, Any]) -> dict[str, Any]:
    """The operation with ``True`` and ``False`` as texts."""
    value = operation.get("value")
    return operation | {"value": str(value)} if isinstance(value, bool) else operation


def _get(document: dict[str, Any], path: str) -> Any:
    holder, name = _place(document, path)
    return holder.get(name)


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    if value is not None:
        holder, name = _place(document, path)
        holder[name] = value


def _place(document: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """The object that ``path`` leads to, made where it is missing, and the name in it."""
    if element := _ELEMENT.fullmatch(path):
        attribute, type, name = element.groups()
        values = document.setdefault(attribute, [])
        held = next((each for each in values if each.get("type") == type), None)
        if held is None:
            values.append(held := {"type": type})
        return held, name
    outer, dot, name = (
        (ENTERPRISE, ":", path.removeprefix(f"{ENTERPRISE}:"))
        if path.startswith(ENTERPRISE)
        else path.partition(".")
    )
    return (document.setdefault(outer, {}), name) if dot else (document, path)
