"""Asking the token endpoint in every way that a client may."""

from __future__ import annotations

import base64
from typing import Any

from werkzeug.test import TestResponse

from tests.school import World

FORM = "application/x-www-form-urlencoded"
GRANT = {"grant_type": "client_credentials"}


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def own(world: World) -> tuple[str, str]:
    return world.credentials.client_id, world.credentials.client_secret


def in_body(name: str, secret: str) -> dict[str, str]:
    return {"client_id": name, "client_secret": secret}


def ask(
    world: World,
    form: Any = None,
    *,
    authorization: str | None = None,
    path: str = "/sp12/oauth2/token",
    **kwargs: Any,
) -> TestResponse:
    """POST ``form`` as it is; ``authorization`` is the header's value."""
    headers = {} if authorization is None else {"Authorization": authorization}
    return world.app.test_client().post(path, data=form, headers=headers, **kwargs)


def error(response: TestResponse, status: int, code: str) -> str:
    """Hold an answer against RFC 6749 §5.2; returns its sentence."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json is not None
    assert response.json["error"] == code
    assert set(response.json) <= {"error", "error_description"}
    if status == 401:
        assert "WWW-Authenticate" in response.headers
    return str(response.json.get("error_description", ""))
