"""Which addresses there are, which methods each takes, and how a failure is written."""

from __future__ import annotations

import json

from tests.school import World
from tests.scim.answers import fails, keys

SCIM = "application/scim+json"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def readable(world: World) -> list[str]:
    """Every address that answers a GET."""
    return [
        "", "/", "/Users", "/Groups", f"/Users/{world.id_of('U-1')}",
        f"/Groups/{world.id_of('G-1')}", "/ServiceProviderConfig", "/ResourceTypes",
        "/ResourceTypes/User", "/ResourceTypes/Group", "/Schemas", f"/Schemas/{USER}",
    ]  # fmt: skip


SEARCHES = ("/.search", "/Users/.search", "/Groups/.search")


def test_every_address_is_read_by_get_and_head(world: World) -> None:
    for path in readable(world):
        read = world.get(path)
        head = world.request("HEAD", path)
        assert (read.status_code, read.headers["Content-Type"]) == (200, SCIM)
        assert json.loads(read.data)["schemas"]
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["Content-Length"] == str(len(read.data))
        drop = {"X-Request-Id"}
        assert [h for h in head.headers if h[0] not in drop] == [
            h for h in read.headers if h[0] not in drop
        ]


def test_a_failure_is_the_same_by_head_without_the_body(world: World) -> None:
    for path in ("/Users/none", "/Nope", "/Users?count=x", "/Schemas?filter=id%20pr"):
        read, head = world.get(path), world.request("HEAD", path)
        assert read.status_code == head.status_code >= 400
        assert head.data == b""
        assert head.headers["Content-Length"] == str(len(read.data))


def test_another_method_is_refused_with_what_is_allowed(world: World) -> None:
    lists, one = ("/Users", "/Groups"), (f"/Users/{world.id_of('U-1')}", "/Groups/none")
    allowed = {
        **dict.fromkeys(readable(world), "GET, HEAD"),
        **dict.fromkeys(lists, "GET, HEAD, POST"),
        **dict.fromkeys((*one, f"/Groups/{world.id_of('G-1')}"), "DELETE, GET, HEAD, PATCH, PUT"),
        **dict.fromkeys(SEARCHES, "POST"),
        "/Bulk": "POST",
    }
    for path, methods in allowed.items():
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            if method in methods.split(", "):
                continue
            response = world.request(method, path, json={})
            assert (response.status_code, response.headers["Allow"]) == (405, methods)
            if method != "HEAD":
                fails(response, 405)


def test_a_method_that_http_does_not_know_reaches_nothing(world: World) -> None:
    for method in ("TRACE", "CONNECT", "FOO", "get", "PROPFIND"):
        for path in ("/Users", "/Nope"):
            response = world.request(method, path)
            assert response.status_code in (404, 405, 501)
            assert b"Resources" not in response.data


def test_an_address_that_is_none_is_not_found(world: World) -> None:
    for path in (
        "/Nope", "/Users/", "/Users/a/b", "/users", "/Users/.search/x", "/Me/", "/Bulk/",
        "/Schemas/", "/ResourceTypes/Nope", "/Schemas/urn:x", "/ServiceProviderConfig/x",
        "/ServiceProviderConfigs", "/.search/x", "/Users/none", "/Groups/none", "//",
    ):  # fmt: skip
        fails(world.get(path), 404)


def test_an_id_is_taken_as_it_stands(world: World) -> None:
    id = world.id_of("U-1")
    for other in (
        id.upper(), id[:-1], id + "0", f" {id}", f"{id}%20", f"{id}%00", f"{id}%0A", id[::-1],
        "%C5%BC", "%FF", "a" * 4_000, "'%20or%20''='", "%25", "_", "*", "..", "%2e%2e", "x%2Fy",
    ):  # fmt: skip
        fails(world.get(f"/Users/{other}"), 404)


def test_discovery_is_not_filtered(world: World) -> None:
    for path in ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas"):
        fails(world.get(path, query_string={"filter": "id pr"}), 403)
        fails(world.get(path, query_string={"filter": ""}), 403)
        assert world.get(path, query_string={"count": "1"}).status_code == 200


def test_discovery_names_every_schema_and_the_three_of_its_own(world: World) -> None:
    schemas = [each["id"] for each in world.list("/Schemas")["Resources"]]
    core = "urn:ietf:params:scim:schemas:core:2.0:"
    assert set(schemas) == {
        f"{core}User", f"{core}Group", "urn:scim-server:schemas:uonet:1.0:Group",
        f"{core}Schema", f"{core}ResourceType", f"{core}ServiceProviderConfig",
    }  # fmt: skip
    for id in schemas:
        found = world.list(f"/Schemas/{id}")
        assert found["id"] == id
        assert found["meta"]["location"] == f"http://127.0.0.1:8000/sp12/scim/v2/Schemas/{id}"
        assert world.list(f"/Schemas/{id.upper()}") == found
    types = world.list("/ResourceTypes")["Resources"]
    assert [each["endpoint"] for each in types] == ["/Users", "/Groups"]
    assert world.list("/ResourceTypes/User") == types[0]


def test_a_person_is_served_as_the_issue_promises(world: World) -> None:
    id = world.id_of("U-1")
    user = world.list(f"/Users/{id}")
    base = "http://127.0.0.1:8000/sp12/scim/v2"
    groups = [
        {
            "value": world.id_of(key), "display": name, "type": "direct",
            "$ref": f"{base}/Groups/{world.id_of(key)}",
        }
        for key, name in (
            (each["externalId"], each["displayName"])
            for each in world.list("/Groups")["Resources"]
            if each["externalId"] in ("G-1", "G-2")
        )
    ]  # fmt: skip
    assert user == {
        "schemas": [USER],
        "id": id,
        "externalId": "U-1",
        "userName": "zaneta.lecka@sp12.example.pl",
        "name": {"formatted": "Żaneta Łęcka", "familyName": "Łęcka", "givenName": "Żaneta"},
        "displayName": "Żaneta Łęcka",
        "active": True,
        "userType": "Student",
        "phoneNumbers": [{"value": "+48600100201", "type": "mobile"}],
        "emails": [{"value": "zaneta@dom.local", "type": "home"}],
        "meta": {
            "resourceType": "User",
            "created": "2026-11-24T12:00:00.250000Z",
            "lastModified": "2026-11-24T12:00:00.250000Z",
            "location": f"{base}/Users/{id}",
            "version": user["meta"]["version"],
        },
        "groups": groups,
    }
    assert user["meta"]["version"] == world.get(f"/Users/{id}").headers["ETag"]
    employee = world.list("/Users", filter='externalId eq "P-1"')["Resources"][0]
    assert {"phoneNumbers", "emails"} & set(employee) == set()
    assert employee["userType"] == "Employee"


def test_the_root_is_searched_across_types(world: World) -> None:
    """RFC 7644 §3.4.2.1: what only one type has is absent from the other."""
    found = {
        'displayName co "a"': 10,
        'externalId sw "G"': 3,
        'userName sw "jan"': 1,
        'members.display co "ćwikła" or userName sw "jan"': 4,
        'not (userName pr)': 3,
        'meta.resourceType eq "Group"': 3,
        'urn:scim-server:schemas:uonet:1.0:Group:subject eq "fizyka"': 1,
        "emails pr or members pr": 5,
        'userName ne "x"': 7,
    }  # fmt: skip
    assert {text: world.list("", filter=text)["totalResults"] for text in found} == found
    for text in ("title pr", 'nope eq "x" or userName pr'):
        fails(world.get("", query_string={"filter": text}), 400, "invalidFilter")


def test_a_search_by_post_is_that_by_get(world: World) -> None:
    for path in ("", "/Users", "/Groups"):
        by_get = world.get(path, query_string={
            "filter": 'displayName co "a"', "sortBy": "displayName", "sortOrder": "descending",
            "startIndex": "2", "count": "2", "attributes": "displayName,externalId",
        })  # fmt: skip
        by_post = world.search(
            path, filter='displayName co "a"', sortBy="displayName", sortOrder="descending",
            startIndex=2, count=2, attributes=["displayName", "externalId"],
        )  # fmt: skip
        assert by_post.status_code == 200
        assert by_post.data == by_get.data
        assert by_post.headers["Content-Type"] == SCIM


def test_a_parameter_that_nobody_knows_is_ignored(world: World) -> None:
    assert keys(world.list("/Users", aadOptscim062020="", foo="bar")) == keys(world.list("/Users"))
    assert world.search("/Users", foo=[1]).status_code == 200
