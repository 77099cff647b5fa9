"""What a test looks at in an answer."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.test import TestResponse

from tests.school import World

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def fails(response: TestResponse, status: int, scim_type: str | None = None) -> str:
    """Hold the answer against RFC 7644 §3.12; returns its sentence."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.headers["Content-Type"] == "application/scim+json"
    body = json.loads(response.data)
    expected = {"schemas": [ERROR], "status": str(status), "detail": body["detail"]}
    assert body == expected | ({"scimType": scim_type} if scim_type else {})
    assert isinstance(body["detail"], str)
    assert body["detail"].endswith(".")
    return str(body["detail"])


def keys(listed: dict[str, Any]) -> list[str]:
    """The register keys of a list, in its order."""
    return [each["externalId"] for each in listed["Resources"]]


def stable(response: TestResponse) -> tuple[int, list[tuple[str, str]], bytes]:
    """All of an answer that two equal requests share."""
    headers = [each for each in response.headers if each[0] != "X-Request-Id"]
    return response.status_code, headers, response.data


def refused(world: World, path: str, texts: tuple[str, ...]) -> dict[str, str]:
    """The ``scimType`` that each filter is refused with, the same by GET and by POST."""
    found = {}
    for text in texts:
        by_get = world.get(path, query_string={"filter": text})
        by_post = world.search(path, filter=text)
        assert by_get.data == by_post.data
        found[text] = by_get.json.get("scimType", str(by_get.status_code))  # type: ignore[union-attr]
    return found
