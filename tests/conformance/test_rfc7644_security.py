"""RFC 7644 §1.3, §2, §5, §6 and §7: who may, for whom, and how texts are compared."""

from __future__ import annotations

import json
import re

from sqlalchemy import update

from scim_server.oauth.tables import access_token
from tests.sandbox import BULK_REQUEST, GROUP, PATCH_OP, USER, Sandbox
from tests.school import World
from tests.scim.answers import fails


def test_1_2_every_location_is_a_percent_encoded_address(sandbox: Sandbox) -> None:
    """Red when: ``new_id`` in ``ids.py`` puts ``ż`` before the UUID."""
    sandbox.user("Żaneta Łęcka/%", displayName="Ż ?#")
    sandbox.group("7a – matematyka")
    address = re.compile(r"https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~:@!$&'()*+,;=%-]+)+")
    for path in ("", "/Schemas", "/ResourceTypes"):
        for each in sandbox.read(path)["Resources"]:
            assert address.fullmatch(each["meta"]["location"])


def test_1_3_the_base_address_has_no_query(sandbox: Sandbox) -> None:
    """Red when: ``credentials.issue`` puts ``?`` behind the Web Access Url."""
    assert "?" not in sandbox.credentials.web_access_url
    assert sandbox.credentials.web_access_url == sandbox.base


def test_2_the_scheme_is_told_to_who_has_no_token(sandbox: Sandbox) -> None:
    """Red when: ``_CHALLENGE`` in ``hallway.py`` begins with ``Basic``."""
    for path in (
        "/Users",
        "/Users/x",
        "/Bulk",
        "/Me",
        "/Schemas",
        "/Nope",
        "/ServiceProviderConfig",
    ):
        response = sandbox.get(path, headers={"Authorization": ""})
        fails(response, 401)
        assert response.headers["WWW-Authenticate"].startswith('Bearer realm="scim"')


def test_2_1_a_token_does_what_its_scope_says(sandbox: Sandbox) -> None:
    """Red when: ``Writes._write`` no longer calls ``check_scope``."""
    made, group = sandbox.user("jan"), sandbox.group("7a")
    with sandbox.database.write_tokens() as connection:
        connection.execute(update(access_token).values(scope="scim.read"))
    assert sandbox.read(f"/Users/{made['id']}") == made
    body = {"schemas": [USER], "userName": "ola"}
    change = {"op": "add", "path": "members", "value": [{"value": made["id"]}]}
    for response in (
        sandbox.post("/Users", body), sandbox.put(f"/Users/{made['id']}", body),
        sandbox.patch(f"/Groups/{group['id']}", change), sandbox.delete(f"/Users/{made['id']}"),
        sandbox.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": []}),
    ):  # fmt: skip
        fails(response, 403)
        assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]
    assert sandbox.read("")["Resources"] == [made, group]


def test_2_the_unit_decides_what_may_be_done_in_it(sandbox: Sandbox, world: World) -> None:
    """Red when: ``Writes._write`` no longer calls ``_refuse``."""
    pupil = world.id_of("U-1")
    group = world.id_of("G-1")
    change = {
        "schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "title", "value": "x"}],
    }  # fmt: skip
    for method, path, body in (
        ("POST", "/Users", {"schemas": [USER], "userName": "x"}),
        ("POST", "/Groups", {"schemas": [GROUP], "displayName": "x"}),
        ("PUT", f"/Users/{pupil}", {"schemas": [USER], "userName": "x"}),
        ("PATCH", f"/Groups/{group}", change), ("DELETE", f"/Groups/{group}", None),
    ):  # fmt: skip
        data = "" if body is None else json.dumps(body)
        refused = world.request(method, path, data=data, content_type="application/scim+json")
        assert "UONET+" in fails(refused, 403)
        sandbox.request(method, path, body)
    assert world.list("")["totalResults"] == 10


def test_5_a_user_name_is_prepared_before_it_is_compared(sandbox: Sandbox) -> None:
    """Red when: ``_folded`` in ``rendering.py`` returns ``value.lower()`` without NFC."""
    sandbox.user("Żółć")
    for spelling in ("żółć", "ŻÓŁĆ", "Z\u0307o\u0301łc\u0301"):
        body = {"schemas": [USER], "userName": spelling}
        fails(sandbox.post("/Users", body), 409, "uniqueness")
        found = sandbox.read("/Users", filter=f'userName eq "{spelling}"')
        assert [each["userName"] for each in found["Resources"]] == ["Żółć"]
    for other in ("zolc", "Żólć"):
        assert sandbox.read("/Users", filter=f'userName eq "{other}"')["totalResults"] == 0


def test_6_a_tenant_is_named_by_its_address_and_its_token(sandbox: Sandbox, world: World) -> None:
    """Red when: ``Hallway._admit`` no longer compares ``grant.unit``."""
    made = sandbox.user("jan")
    foreign = {"Authorization": f"Bearer {world.token}"}
    for method, path in (("GET", "/Users"), ("POST", "/Users"), ("DELETE", f"/Users/{made['id']}")):
        response = sandbox.request(method, path, headers=foreign)
        fails(response, 401)
        assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    assert sandbox.read("/Users")["Resources"] == [made]


def test_7_5_2_a_search_may_keep_names_out_of_addresses(sandbox: Sandbox) -> None:
    """Red when: ``from_search_request`` leaves ``filter`` unread."""
    sandbox.user("jan", displayName="Jan Żółć")
    sandbox.user("ola")
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": 'displayName eq "Jan Żółć"',
    }
    for path in ("/.search", "/Users/.search"):
        assert json.loads(sandbox.post(path, body).data)["totalResults"] == 1
