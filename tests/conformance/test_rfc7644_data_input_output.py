"""RFC 7644 §3.8: JSON in UTF-8, both ways."""

from __future__ import annotations

import json

from tests.sandbox import PATCH_OP, USER, Sandbox
from tests.scim.answers import fails

SCIM, JSON = "application/scim+json", "application/json"
BODY = {"schemas": [USER], "userName": "zaneta", "displayName": "Żaneta Łęcka 😀"}


def test_3_8_json_in_utf_8_is_taken_and_given(sandbox: Sandbox) -> None:
    """Red when: ``strict_json.loads`` decodes as ISO 8859-2."""
    text = json.dumps(BODY, ensure_ascii=False)
    for number, media in enumerate((SCIM, JSON, f"{SCIM}; charset=utf-8", f"{JSON};charset=UTF-8")):
        body = text.replace("zaneta", f"zaneta{number}").encode()
        response = sandbox.request("POST", "/Users", data=body, content_type=media)
        assert response.status_code == 201, media
        assert response.headers["Content-Type"] == SCIM
        assert json.loads(response.data.decode())["displayName"] == BODY["displayName"]
    for encoding in ("utf-16", "iso8859-2"):
        raw = json.dumps({**BODY, "displayName": "Łęcka"}, ensure_ascii=False).encode(encoding)
        response = sandbox.request("POST", "/Users", data=raw, content_type=SCIM)
        fails(response, 400, "invalidSyntax")


def test_3_8_another_media_type_is_refused(sandbox: Sandbox) -> None:
    """Red when: ``json_of`` in ``bodies.py`` takes every media type."""
    made = sandbox.user("jan")
    patch = {"schemas": [PATCH_OP], "Operations": [{"op": "remove", "path": "title"}]}
    for method, path, body in (
        ("POST", "/Users", BODY), ("PUT", f"/Users/{made['id']}", BODY),
        ("PATCH", f"/Users/{made['id']}", patch), ("POST", "/Bulk", {}),
        ("POST", "/Users/.search", {}),
    ):  # fmt: skip
        for media in ("text/plain", "application/xml", "application/x-www-form-urlencoded", ""):
            response = sandbox.request(method, path, data=json.dumps(body), content_type=media)
            fails(response, 415)
    assert sandbox.read("/Users")["Resources"] == [made]


def test_3_8_the_client_chooses_between_two_media_types(sandbox: Sandbox) -> None:
    """Red when: ``OFFERED`` in ``bodies.py`` leaves ``application/json`` out."""
    made = sandbox.user("jan")
    path = f"/Users/{made['id']}"
    for accept, expected in (
        ("", SCIM), ("*/*", SCIM), (SCIM, SCIM), (JSON, JSON), (f"{SCIM};q=0.1, {JSON}", JSON),
    ):  # fmt: skip
        headers = {"Accept": accept}
        body = {"schemas": [USER], "userName": "jan"}
        change = {"op": "add", "path": "title", "value": accept or "Uczeń"}
        for response in (
            sandbox.get(path, headers=headers), sandbox.get("/Users", headers=headers),
            sandbox.put(path, body, headers=headers), sandbox.patch(path, change, headers=headers),
        ):  # fmt: skip
            assert (response.status_code, response.headers["Content-Type"]) == (200, expected)
    fails(sandbox.get(path, headers={"Accept": "application/xml"}), 406)
