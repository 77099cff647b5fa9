"""Calls of the double over real loopback HTTP."""

from __future__ import annotations

import itertools
from typing import Any

import httpx2

from scim_server.inbound.simulator.tokens import SCOPE
from scim_server.inbound.simulator.uploads import BULK, CORE, ENTERPRISE, MEDIA_TYPE
from tests.inbound.double import Double
from tests.school import DOMAIN

_numbers = itertools.count(1)
# One client for all tests: to make one for each call takes longer than the call.
http = httpx2.Client(verify=False, trust_env=False, headers={"Connection": "close"})


def form(double: Double, **changes: Any) -> dict[str, str]:
    """A token request; a change to None leaves the parameter out."""
    own = {
        "grant_type": "client_credentials", "client_id": double.tenant.client_id,
        "client_secret": double.tenant.secret, "scope": SCOPE, **changes,
    }  # fmt: skip
    return {name: value for name, value in own.items() if value is not None}


def ask(double: Double, **changes: Any) -> httpx2.Response:
    return http.post(double.token_endpoint, data=form(double, **changes))


def token(double: Double) -> str:
    return str(ask(double).json()["access_token"])


def call(double: Double, method: str, url: str, **kwargs: Any) -> httpx2.Response:
    """A call with a good token; ``url`` may be relative to the Graph base."""
    address = url if url.startswith("http") else f"{double.graph}{url}"
    headers = {"Authorization": f"Bearer {token(double)}", **kwargs.pop("headers", {})}
    return http.request(method, address, headers=headers, **kwargs)


def user(number: int, **changes: Any) -> dict[str, Any]:
    """The ``data`` of an operation; a change to None leaves the attribute out."""
    own = {
        "schemas": [CORE, ENTERPRISE], "externalId": f"P-{number}",
        "userName": f"person.{number}@{DOMAIN}", "displayName": f"Person {number}",
        "active": True, **changes,
    }  # fmt: skip
    return {name: value for name, value in own.items() if value is not None}


def operation(data: dict[str, Any], /, **changes: Any) -> dict[str, Any]:
    own = {"method": "POST", "bulkId": f"b-{next(_numbers)}", "path": "/Users", "data": data}
    return {name: value for name, value in {**own, **changes}.items() if value is not None}


def bulk(*operations: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"schemas": [BULK], "Operations": list(operations), "failOnErrors": None, **changes}


def post(double: Double, body: Any, **kwargs: Any) -> httpx2.Response:
    """A bulkUpload."""
    given = kwargs.pop("headers", {})
    headers = {"Authorization": f"Bearer {token(double)}", "Content-Type": MEDIA_TYPE, **given}
    return http.post(kwargs.pop("url", double.upload_url), json=body, headers=headers, **kwargs)


def push(double: Double, *users: dict[str, Any]) -> httpx2.Response:
    """A bulkUpload of these users that has to be accepted."""
    answer = post(double, bulk(*map(operation, users)))
    assert answer.status_code == 202, answer.text
    return answer
