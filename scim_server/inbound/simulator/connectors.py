"""Connectors of School Data Sync: ``/external/industryData/dataConnectors`` of Graph's beta.

As far as Microsoft's reference goes: a OneRoster connector with a client of OAuth 2.0 is made,
changed, read and tried. The reference doesn't say that two of one address are refused, so they
aren't; that every property but the ones it names is refused is the stricter reading. A connector is
tried here by asking for a token at its address, on this machine alone.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from scim_server.clock import Clock
from scim_server.inbound.simulator import paging
from scim_server.inbound.simulator.messages import (
    Answer,
    GraphError,
    Request,
    bad_request,
    not_found,
)
from scim_server.inbound.simulator.routing import Route, route
from scim_server.inbound.simulator.tenant import CONNECTORS, Tenant
from scim_server.inbound.transport import Network, Unreachable, is_own
from scim_server.settings import split_address

_TYPE = "#microsoft.graph.industryData.oneRosterApiDataConnector"
_CREDENTIAL = "#microsoft.graph.industryData.oAuth2ClientCredential"
_BIND = re.compile(
    r"/beta/external/industryData/sourceSystems(?:/([0-9A-Za-z-]+)|\('([0-9A-Za-z-]+)'\))"
)
_GRAPH = "https://graph.microsoft.com"
_ROOT = r"/external/industryData/dataConnectors"
_LONGEST_NAME = 100
_FLAGS = ("isDemographicsEnabled", "isFlagsEnabled", "isContactsEnabled")
_TEXTS = ("displayName", "apiFormat", "baseUrl", "apiVersion")
_SYSTEM = "sourceSystem@odata.bind"
_UPDATABLE = (*_TEXTS, *_FLAGS, "credential")
_OF_CREDENTIALS = ("displayName", "clientId", "clientSecret", "tokenUrl")

_READERS = ("IndustryData-DataConnector.Read.All", CONNECTORS)
_TRIERS = ("IndustryData-DataConnector.Upload", CONNECTORS)

SignIn = Callable[[Mapping[str, Any]], bool]
"""Whether a credential gets a token."""


class Connectors:
    """Every connector of the tenant, by id. ``secrets`` are what each was given to sign in with:
    no answer tells them, and a rehearsal doesn't keep them. ``sign_in`` tries one.
    """

    def __init__(self, tenant: Tenant, clock: Clock) -> None:
        self._tenant, self._clock = tenant, clock
        self.all: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, str] = {}
        self.sign_in: SignIn = _gets_a_token
        self.page_size = 100

    def routes(self) -> tuple[Route, ...]:
        kind = "connectors"
        return (
            route(_ROOT, kind, GET=(self.listed, _READERS), POST=(self.make, (CONNECTORS,))),
            route(
                rf"{_ROOT}/([^/]+)",
                kind,
                GET=(self.get, _READERS),
                PATCH=(self.update, (CONNECTORS,)),
            ),
            route(rf"{_ROOT}/([^/]+)/validate", kind, POST=(self.validate, _TRIERS)),
        )

    def listed(self, request: Request) -> Answer:
        _check_version(request)
        paging.options(request, "$skiptoken")
        items = paging.after(request, enumerate(self.all.values()))
        return paging.answer(
            request, items, "external/industryData/dataConnectors",
            size=self.page_size, most=self.page_size,
        )  # fmt: skip

    def get(self, request: Request, connector: str) -> Answer:
        _check_version(request)
        paging.options(request)
        return Answer(200, self._connector(connector))

    def make(self, request: Request) -> Answer:
        _check_version(request)
        body = request.json()
        self._check(request, body)
        credential = dict(body["credential"])
        secret = credential.pop("clientSecret")
        made = {
            "id": str(uuid.uuid4()),
            **{name: value for name, value in body.items() if "@odata.bind" not in name},
            "credential": {**credential, "isValid": False, "lastValidDateTime": None},
        }
        self.all[made["id"]], self.secrets[made["id"]] = made, secret
        return Answer(201, made)

    def update(self, request: Request, connector: str) -> Answer:
        """Change what the body names; of a credential all of it."""
        _check_version(request)
        known = self._connector(connector)
        body = request.json()
        _check_type(body)
        for name in sorted(body.keys() - {"@odata.type", *_UPDATABLE}):
            raise bad_request(f"Property '{name}' can't be changed, or doesn't exist.")
        _check_values(body)
        if "credential" in body:
            credential = dict(body["credential"])
            self.secrets[connector] = credential.pop("clientSecret")
            body["credential"] = {**credential, "isValid": False, "lastValidDateTime": None}
        known.update({name: value for name, value in body.items() if name in _UPDATABLE})
        return Answer(204)

    def validate(self, request: Request, connector: str) -> Answer:
        """Try it; at Microsoft that comes some time after the answer."""
        _check_version(request)
        credential = self._connector(connector)["credential"]
        if request.body:
            raise bad_request("Do not supply a request body for this method.")
        if (secret := self.secrets.get(connector)) is not None:
            credential["isValid"] = self.sign_in({**credential, "clientSecret": secret})
            if credential["isValid"]:
                credential["lastValidDateTime"] = f"{self._clock():%Y-%m-%dT%H:%M:%SZ}"
        return Answer(202)

    def _connector(self, id: str) -> dict[str, Any]:
        if id not in self.all:
            raise not_found(id)
        return self.all[id]

    def _check(self, request: Request, body: dict[str, Any]) -> None:
        _check_type(body)
        _check_names(body, {"@odata.type", *_UPDATABLE, _SYSTEM})
        _check_values(body)
        path = body[_SYSTEM].removeprefix(request.base).removeprefix(_GRAPH)
        if (found := _BIND.fullmatch(path)) is None:
            raise bad_request("sourceSystem must be bound by the address of a source system.")
        if (found[1] or found[2]) != self._tenant.source_system_id:
            raise not_found(found[1] or found[2])


def _check_version(request: Request) -> None:
    if not request.path.startswith("/beta/"):
        raise GraphError(400, "BadRequest", "Resource not found for the segment 'industryData'.")


def _check_type(body: dict[str, Any]) -> None:
    if body.get("@odata.type") != _TYPE:
        raise bad_request(f"@odata.type must be {_TYPE} in this double.")


def _check_values(body: dict[str, Any]) -> None:
    """Of those properties that the body has."""
    for name in (*_TEXTS, _SYSTEM):
        if name in body:
            _check_text(body, name)
    for name in _FLAGS:
        if not isinstance(body.get(name, False), bool):
            raise bad_request(f"Property '{name}' must be true or false.")
    if len(body.get("displayName", "")) > _LONGEST_NAME:
        raise bad_request(f"displayName must have at most {_LONGEST_NAME} characters.")
    if body.get("apiFormat", "oneRoster") != "oneRoster":
        raise bad_request("apiFormat must be oneRoster.")
    if body.get("apiVersion", "1.1") not in ("1.1", "1.2"):
        raise bad_request("apiVersion must be 1.1 or 1.2.")
    if "baseUrl" in body:
        _check_address(body, "baseUrl")
    if "credential" in body:
        _check_credential(body["credential"])


def _check_credential(credential: Any) -> None:
    if not isinstance(credential, dict) or credential.get("@odata.type") != _CREDENTIAL:
        raise bad_request(f"credential must be of the type {_CREDENTIAL} in this double.")
    _check_names(credential, {"@odata.type", *_OF_CREDENTIALS, "scope"})
    for name in _OF_CREDENTIALS:
        _check_text(credential, name)
    if credential["scope"] is not None and not isinstance(credential["scope"], str):
        raise bad_request("scope must be a text or null.")
    _check_address(credential, "tokenUrl")


def _check_names(given: dict[str, Any], wanted: set[str]) -> None:
    for name in sorted(given.keys() ^ wanted):
        if name in wanted:
            raise bad_request(f"A value is required for property '{name}'.")
        raise bad_request(f"Property '{name}' can't be written, or doesn't exist.")


def _check_text(given: dict[str, Any], name: str) -> None:
    if not isinstance(given[name], str) or not given[name]:
        raise bad_request(f"Property '{name}' must be a text with something in it.")


def _check_address(given: dict[str, Any], name: str) -> None:
    """With TLS; on this machine, which is no address for Microsoft, without it."""
    parts = split_address(given[name])
    if parts is None or not (parts.scheme == "https" or is_own(given[name])):
        raise bad_request(f"Property '{name}' must be an address that begins with https://.")


def _gets_a_token(credential: Mapping[str, Any]) -> bool:
    """Ask for a token as School Data Sync does, of a server on this machine."""
    url = credential["tokenUrl"]
    if not is_own(url):
        return False
    form = {
        "grant_type": "client_credentials", "client_id": credential["clientId"],
        "client_secret": credential["clientSecret"],
    }  # fmt: skip
    if credential["scope"]:
        form["scope"] = credential["scope"]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    network = Network()
    try:
        return network("POST", url, headers, urlencode(form).encode()).status == 200
    except Unreachable:
        return False
    finally:
        network.close()
