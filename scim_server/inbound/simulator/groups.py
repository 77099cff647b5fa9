"""Groups and their members, as far as a push writes them: ``/groups`` of Microsoft Graph.

Every attempt to write to a group is noted, so that a test can hold a push to the groups that it
made. Deleting a group, and a member without ``/$ref``, which would delete the account, are refused.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scim_server.clock import Clock
from scim_server.inbound.simulator import filters, paging
from scim_server.inbound.simulator.accounts import Accounts
from scim_server.inbound.simulator.messages import Answer, Request, bad_request, not_found
from scim_server.inbound.simulator.reading import USER_DEFAULT, USER_MORE
from scim_server.inbound.simulator.routing import Route, route
from scim_server.inbound.simulator.tenant import Tenant

MOST_AT_ONCE = 20
"""Members that one PATCH, or the creation of a group, may add."""

_NICKNAME = re.compile(r"""[!#-'*+\-/-9=?A-Z^-~]{1,64}""")
"""ASCII without control characters and without ``@ ( ) \\ [ ] " ; : . < > ,`` and the space. One
page leaves the full stop out of that list, another has it: refused.
"""
_ONE = r"/groups(?:/([^/()]+)|/?\(uniqueName='([^/()]+)'\))"
_ADDRESS = re.compile(rf"/(?:v1\.0|beta){_ONE}(?:/.*)?")
_BIND = re.compile(r"/(?:v1\.0|beta)/(?:directoryObjects|users)/([^/]+)")
_GRAPH = "https://graph.microsoft.com"

_MEMBERS = "members@odata.bind"
_UPSERT = "create-if-missing"

_DEFAULT = (
    "id", "deletedDateTime", "classification", "createdDateTime", "description", "displayName",
    "groupTypes", "mail", "mailEnabled", "mailNickname", "securityEnabled", "uniqueName",
    "visibility",
)  # fmt: skip
_REQUIRED: dict[str, type] = {
    "displayName": str, "mailEnabled": bool, "mailNickname": str, "securityEnabled": bool,
}  # fmt: skip
_WRITABLE: dict[str, type] = {
    **_REQUIRED, "description": str, "groupTypes": list, "visibility": str,
    _MEMBERS: list,
}  # fmt: skip
_FIXED = ("groupTypes", "mailEnabled", "securityEnabled")
"""What makes the kind of a group. A change of it is not part of this double."""

_ALL = ("Group.ReadWrite.All", "Directory.ReadWrite.All")
_READERS = ("Group.Read.All", "GroupMember.Read.All", "Directory.Read.All", *_ALL)
_CREATORS = ("Group.Create", *_ALL)
_KEEPERS = ("GroupMember.ReadWrite.All", *_ALL)


@dataclass
class Group:
    """``seeded`` ones were there before any push; ``members`` are ids, in order."""

    properties: dict[str, Any]
    members: list[str] = field(default_factory=list)
    seeded: bool = False

    @property
    def id(self) -> str:
        return str(self.properties["id"])


class Groups:
    """Every group of the tenant. ``attempts`` are the writes: method and id, refused ones too."""

    def __init__(self, tenant: Tenant, accounts: Accounts, clock: Clock) -> None:
        self._tenant, self._accounts, self._clock = tenant, accounts, clock
        self.all: dict[str, Group] = {}
        self.attempts: list[tuple[str, str]] = []

    def routes(self) -> tuple[Route, ...]:
        member = (self.remove_member, _KEEPERS)
        return (
            route(r"/groups", "groups", GET=(self.find, _READERS), POST=(self.create, _CREATORS)),
            route(_ONE, "groups", GET=(self.get, _READERS), PATCH=(self.change, _KEEPERS)),
            route(r"/groups/([^/]+)/members", "groups", GET=(self.members, _READERS)),
            route(r"/groups/([^/]+)/members/\$ref", "groups", POST=(self.add_member, _KEEPERS)),
            route(r"/groups/([^/]+)/members/([^/]+)/\$ref", "groups", DELETE=member),
        )

    def seed(self, **properties: Any) -> Group:
        """A group that was there before any push."""
        return self._put(properties, seeded=True)

    def note(self, request: Request) -> None:
        """Note a request that would write to a group, whatever becomes of it."""
        found = _ADDRESS.fullmatch(request.path)
        if request.method not in ("GET", "HEAD") and found is not None:
            group = self._find(*found.groups())
            if group is not None:
                self.attempts.append((request.method, group.id))

    @property
    def foreign_writes(self) -> list[tuple[str, str]]:
        """Attempts to write to groups that no call made."""
        seeded = {each.id for each in self.all.values() if each.seeded}
        return [each for each in self.attempts if each[1] in seeded]

    def delete(self, group_id: str) -> None:
        """Delete a group that a call made, as an administrator does it by hand."""
        del self.all[group_id]

    def find(self, request: Request) -> Answer:
        query = paging.options(request, "$filter", "$select", "$top", "$skiptoken")
        shown = self._selected(request)
        names = ("displayName", "mailNickname", "uniqueName", *self._tenant.extensions)
        known: filters.Names = dict.fromkeys(names, ("eq", "in", "startswith"))
        wanted = (
            filters.parse(query["$filter"], known, ("and", "or")) if "$filter" in query else None
        )
        items = (
            (number, shown(each.properties))
            for number, each in paging.after(request, enumerate(self.all.values()))
            if wanted is None or wanted.holds(each.properties)
        )
        return paging.answer(request, items, "groups", size=100, most=999)

    def get(self, request: Request, group_id: str | None, unique_name: str | None) -> Answer:
        paging.options(request, "$select")
        shown = self._selected(request)
        return Answer(200, shown(self._group(group_id, unique_name).properties))

    def _selected(self, request: Request) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        return paging.selected(request, _DEFAULT, self._tenant.extensions)

    def create(self, request: Request) -> Answer:
        return self._create(request, request.json(), None)

    def _create(self, request: Request, body: dict[str, Any], unique_name: str | None) -> Answer:
        self._check(body)
        for name in _REQUIRED:
            if name not in body:
                raise bad_request(f"A value is required for property '{name}' of resource 'Group'.")
        types = body.get("groupTypes") or []
        if types not in ([], ["Unified"]):
            raise bad_request('groupTypes must be [] or ["Unified"].')
        if body["mailEnabled"] != bool(types) or not (types or body["securityEnabled"]):
            raise bad_request(
                "A Microsoft 365 group is mail-enabled; a security group is security-enabled "
                "and not mail-enabled. No other group can be created."
            )
        self._check_is_free(body["mailNickname"], types)
        members = self._references(request, body.get(_MEMBERS, []), [])
        made = self._put({**body, "groupTypes": types, "uniqueName": unique_name})
        made.members = members
        return Answer(201, {name: made.properties.get(name) for name in _DEFAULT})

    def _put(self, properties: Mapping[str, Any], *, seeded: bool = False) -> Group:
        own = {name: value for name, value in properties.items() if name != _MEMBERS}
        made = Group(
            {
                "mailEnabled": False, "securityEnabled": True, "groupTypes": [],
                "createdDateTime": self._clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
                **own, "id": own.get("id", str(uuid.uuid4())),
            },
            seeded=seeded,
        )  # fmt: skip
        self.all[made.id] = made
        return made

    def change(self, request: Request, group_id: str | None, unique_name: str | None) -> Answer:
        """PATCH: properties, members to add, or both; nothing where anything is wrong with it.

        By ``uniqueName`` and with ``Prefer: create-if-missing`` it creates the group that isn't.
        """
        body = request.json()
        group = self._find(group_id, unique_name)
        if group is None and unique_name and _UPSERT in request.headers.get("prefer", ""):
            request.need(_CREATORS)
            return self._create(request, body, unique_name)
        group = self._group(group_id, unique_name)
        if body.keys() != {_MEMBERS}:
            request.need(_ALL)
        self._check(body)
        for name in _FIXED:
            if name in body and body[name] != group.properties[name]:
                raise bad_request(f"Property '{name}' of a group can't be changed.")
        if "mailNickname" in body:
            self._check_is_free(body["mailNickname"], group.properties["groupTypes"], group.id)
        if _MEMBERS in body:
            self._check_is_assigned(group)
        added = self._references(request, body.get(_MEMBERS, []), group.members)
        group.properties |= {name: value for name, value in body.items() if name != _MEMBERS}
        group.members += added
        return Answer(204)

    def members(self, request: Request, group_id: str) -> Answer:
        paging.options(request, "$select", "$top", "$skiptoken")
        shown, group = paging.selected(request, USER_DEFAULT, USER_MORE), self._group(group_id)
        items = (
            (number, {"@odata.type": "#microsoft.graph.user", **shown(self._accounts[each])})
            for number, each in paging.after(request, enumerate(group.members))
        )
        return paging.answer(request, items, "directoryObjects", size=100, most=999)

    def add_member(self, request: Request, group_id: str) -> Answer:
        group, body = self._group(group_id), request.json()
        self._check_is_assigned(group)
        if body.keys() != {"@odata.id"}:
            raise bad_request("The body must have @odata.id alone.")
        group.members += self._references(request, [body["@odata.id"]], group.members)
        return Answer(204)

    def remove_member(self, request: Request, group_id: str, user_id: str) -> Answer:
        group = self._group(group_id)
        self._check_is_assigned(group)
        if user_id not in group.members:
            raise not_found(user_id)
        group.members.remove(user_id)
        return Answer(204)

    def _group(self, group_id: str | None, unique_name: str | None = None) -> Group:
        found = self._find(group_id, unique_name)
        if found is None:
            raise not_found(str(group_id or unique_name))
        return found

    def _find(self, group_id: str | None, unique_name: str | None) -> Group | None:
        if group_id is not None:
            return self.all.get(group_id)
        named = (
            each for each in self.all.values() if each.properties.get("uniqueName") == unique_name
        )
        return next(named, None)

    def _check(self, body: dict[str, Any]) -> None:
        """Every property may be written, and has its type and form."""
        for name, value in body.items():
            expected = str if name in self._tenant.extensions else _WRITABLE.get(name)
            if expected is None:
                raise bad_request(f"Property '{name}' can't be written, or doesn't exist.")
            if not isinstance(value, expected):
                raise bad_request(f"Property '{name}' has the wrong type.")
        if not 1 <= len(body.get("displayName", "-")) <= 256:
            raise bad_request("displayName must have 1 to 256 characters.")
        if not _NICKNAME.fullmatch(body.get("mailNickname", "-")):
            raise bad_request("Invalid value specified for property 'mailNickname'.")

    def _check_is_free(self, nickname: str, types: list[str], own: str = "") -> None:
        """Only Microsoft 365 groups have nicknames of their own; security groups may share one."""
        for each in self.all.values() if types else ():
            same = each.properties.get("mailNickname", "").lower() == nickname.lower()
            if same and each.properties["groupTypes"] and each.id != own:
                raise bad_request(
                    "Another object with the same value for property mailNickname already exists."
                )

    def _check_is_assigned(self, group: Group) -> None:
        if "DynamicMembership" in group.properties["groupTypes"]:
            raise bad_request("The members of a group with a membership rule can't be changed.")

    def _references(self, request: Request, links: list[Any], present: list[str]) -> list[str]:
        """The ids of the accounts that ``links`` name, none of which is ``present``."""
        if len(links) > MOST_AT_ONCE:
            raise bad_request(f"At most {MOST_AT_ONCE} references can be added by one request.")
        found: list[str] = []
        for link in links:
            user_id = self._account(request, link)
            if user_id in present or user_id in found:
                raise bad_request(
                    "One or more added object references already exist for the following modified "
                    "properties: 'members'."
                )
            found.append(user_id)
        return found

    def _account(self, request: Request, link: Any) -> str:
        """The id of the account at the address ``link``, here or in Microsoft's own words."""
        path = str(link).removeprefix(request.base).removeprefix(_GRAPH)
        match = _BIND.fullmatch(path)
        if match is None:
            raise bad_request("A reference must be the address of an object of the directory.")
        if (account := self._accounts.get(match[1])) is None or account["id"] != match[1]:
            raise not_found(match[1])
        return match[1]
