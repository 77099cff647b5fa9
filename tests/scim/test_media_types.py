"""What a client accepts decides what it is told the answer is (RFC 9110 §12.5.1)."""

from __future__ import annotations

import pytest

from tests.school import World
from tests.scim.answers import fails

SCIM, JSON = "application/scim+json", "application/json"
ACCEPTS = {
    "": SCIM,
    "*/*": SCIM,
    "application/*": SCIM,
    SCIM: SCIM,
    JSON: JSON,
    f"{JSON}, {SCIM}": SCIM,
    f"{SCIM};q=0.5, {JSON}": JSON,
    f"{JSON};q=0.9, */*;q=0.1": JSON,
    f"text/html, {JSON};q=0.1": JSON,
    "text/html, */*;q=0.1": SCIM,
    "APPLICATION/JSON": JSON,
}
UNACCEPTABLE = ("text/html", "application/xml", f"{JSON};q=0", "image/*", "application/jsonx")


def test_the_media_type_is_the_one_that_the_client_likes_best(world: World) -> None:
    paths = ("/Users", f"/Users/{world.id_of('U-1')}", "", "/Schemas", "/ResourceTypes/User")
    for path in paths:
        plain = world.get(path).data
        for accept, expected in ACCEPTS.items():
            response = world.get(path, headers={"Accept": accept})
            assert response.status_code == 200, accept
            assert (response.headers["Content-Type"], response.data) == (expected, plain), accept
        for accept in UNACCEPTABLE:
            fails(world.get(path, headers={"Accept": accept}), 406)
    body = {"headers": {"Accept": "text/html"}, "data": "{}", "content_type": SCIM}
    for path in ("/.search", "/Users/.search"):
        assert world.request("POST", path, **body).status_code in (400, 406)


@pytest.mark.parametrize("media", [SCIM, JSON])
def test_a_charset_does_not_make_another_media_type(world: World, media: str) -> None:
    response = world.get("/Users", headers={"Accept": f"{media}; charset=utf-8"})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == media


def test_a_failure_is_told_as_scim_whatever_the_client_accepts(world: World) -> None:
    for accept in (JSON, "*/*", "", SCIM):
        fails(world.get("/Users/none", headers={"Accept": accept}), 404)
