"""An empty writable unit, served in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from scim_server.app import create_app
from scim_server.database import Database
from scim_server.directory.units import Unit, add_sandbox
from scim_server.oauth import credentials
from scim_server.oauth.credentials import Credentials
from scim_server.settings import Settings
from tests.school import KEY, PUBLIC_URL, UNHINDERED, MovedClock

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
UONET_GROUP = "urn:scim-server:schemas:uonet:1.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@dataclass
class Sandbox:
    """One sandbox unit behind the application, on one database, with a live token."""

    database: Database
    settings: Settings
    clock: MovedClock
    unit: Unit
    app: Flask
    credentials: Credentials
    token: str = ""

    @property
    def base(self) -> str:
        """The address that locations begin with."""
        return f"{self.settings.public_url}/{self.unit.name}/scim/v2"

    def request(self, method: str, path: str, body: Any = None, **kwargs: Any) -> TestResponse:
        """A request below ``/{unit}/scim/v2``; ``body`` is sent as SCIM JSON."""
        headers = {"Authorization": f"Bearer {self.token}", **kwargs.pop("headers", {})}
        if body is not None:
            kwargs |= {"data": json.dumps(body), "content_type": "application/scim+json"}
        return self.app.test_client().open(
            f"/{self.unit.name}/scim/v2{path}", method=method, headers=headers, **kwargs
        )

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, body: Any, **kwargs: Any) -> TestResponse:
        return self.request("POST", path, body, **kwargs)

    def put(self, path: str, body: Any, **kwargs: Any) -> TestResponse:
        return self.request("PUT", path, body, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> TestResponse:
        return self.request("DELETE", path, **kwargs)

    def patch(self, path: str, *operations: dict[str, Any], **kwargs: Any) -> TestResponse:
        """A PatchOp of ``operations`` in order."""
        body = {"schemas": [PATCH_OP], "Operations": list(operations)}
        return self.request("PATCH", path, body, **kwargs)

    def bulk(self, *operations: dict[str, Any], **members: Any) -> TestResponse:
        body = {"schemas": [BULK_REQUEST], "Operations": list(operations), **members}
        return self.request("POST", "/Bulk", body)

    def read(self, path: str, **query: Any) -> dict[str, Any]:
        """What a GET answers, which has to succeed; ``query`` is encoded."""
        response = self.get(path, query_string=query)
        assert response.status_code == 200, response.get_data(as_text=True)
        return json.loads(response.data)  # type: ignore[no-any-return]

    def user(self, user_name: str = "anna.kowalska", **attributes: Any) -> dict[str, Any]:
        """A user that is created now, as the answer has it."""
        return self._created("/Users", {"schemas": [USER], "userName": user_name, **attributes})

    def group(self, display_name: str = "7a", *members: str, **attributes: Any) -> dict[str, Any]:
        """A group that is created now, with the members that have these ids."""
        listed = {"members": [{"value": id} for id in members]} if members else {}
        body = {"schemas": [GROUP], "displayName": display_name, **listed, **attributes}
        return self._created("/Groups", body)

    def _created(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = self.post(path, body)
        assert response.status_code == 201, response.get_data(as_text=True)
        return json.loads(response.data)  # type: ignore[no-any-return]


def make_sandbox(
    database: Database, database_url: str, clock: MovedClock, name: str = "sandbox", **changes: Any
) -> Sandbox:
    """Add the unit, issue credentials, get a token; ``changes`` are to the settings."""
    settings = Settings(
        database_url=database_url, master_key=KEY, public_url=PUBLIC_URL, log_level="WARNING",
        **{**UNHINDERED, **changes},
    )  # fmt: skip
    with database.write() as connection:
        unit = add_sandbox(connection, name=name, now=clock(), actor="os:test")
        issued = credentials.issue(
            connection,
            unit,
            key=settings.key("digest"),
            public_url=settings.public_url,
            now=clock(),
            actor="os:test",
        )
    app = create_app(settings, clock=clock, database=database, between_requests=False)
    made = Sandbox(database, settings, clock, unit, app, issued)
    answer = app.test_client().post(
        f"/{name}/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": issued.client_id,
            "client_secret": issued.client_secret,
        },
    )
    made.token = answer.json["access_token"]  # type: ignore[index]
    return made
