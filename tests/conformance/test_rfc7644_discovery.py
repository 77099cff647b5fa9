"""RFC 7644 §3.1, §3.2 and §4: what a client may learn of the server."""

from __future__ import annotations

import json

from tests.sandbox import Sandbox
from tests.school import World
from tests.scim.answers import fails

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
CORE = "urn:ietf:params:scim:schemas:core:2.0:"
LISTS = ("/Schemas", "/ResourceTypes")


def test_3_1_messages_are_no_schemas(sandbox: Sandbox) -> None:
    """Red when: ``_ERROR`` in ``failures.py`` is a URN of our own."""
    listed = [each["id"] for each in sandbox.read("/Schemas")["Resources"]]
    assert not [id for id in listed if id.startswith("urn:ietf:params:scim:api:")]
    fails(sandbox.get(f"/Schemas/{LIST_RESPONSE}"), 404)
    for response in (
        sandbox.get("/Users"), sandbox.get("/Users/none"), sandbox.bulk(), sandbox.get("/Schemas"),
    ):  # fmt: skip
        (schema,) = json.loads(response.data)["schemas"]
        assert schema.startswith("urn:ietf:params:scim:api:messages:2.0:")


def test_3_2_an_endpoint_is_its_types_name_in_the_plural(sandbox: Sandbox) -> None:
    """Red when: the Group in ``schemas/scim/sandbox/ResourceTypes.json`` is at /Group."""
    types = sandbox.read("/ResourceTypes")["Resources"]
    assert [(each["name"], each["endpoint"]) for each in types] == [
        ("User", "/Users"), ("Group", "/Groups"),
    ]  # fmt: skip


def test_4_the_configuration_is_one_document(sandbox: Sandbox, world: World) -> None:
    """Red when: ``Reads.documents_of`` lists the configuration too (``is_single = False``)."""
    for read in (sandbox.read, world.list):
        found = read("/ServiceProviderConfig")
        assert found["schemas"] == [f"{CORE}ServiceProviderConfig"]
        assert found["meta"]["resourceType"] == "ServiceProviderConfig"
        assert found["meta"]["location"].endswith("/scim/v2/ServiceProviderConfig")


def test_4_all_schemas_and_types_come_in_one_list(sandbox: Sandbox) -> None:
    """Red when: ``pages.of_documents`` gives ``itemsPerPage`` as 1."""
    for path in LISTS:
        listed = sandbox.read(path)
        assert listed["schemas"] == [LIST_RESPONSE]
        assert listed["totalResults"] == listed["itemsPerPage"] == len(listed["Resources"])
        assert listed["startIndex"] == 1
        for each in listed["Resources"]:
            assert sandbox.read(f"{path}/{each['id']}") == each
            assert each["meta"]["location"] == f"{sandbox.base}{path}/{each['id']}"


def test_4_discovery_is_neither_filtered_nor_paged(sandbox: Sandbox) -> None:
    """Red when: ``Reads.documents_of`` lets an empty filter pass."""
    for path in LISTS:
        whole = sandbox.read(path)
        query = {"startIndex": 2, "count": 1, "sortBy": "name", "sortOrder": "descending"}
        assert sandbox.read(path, **query) == whole
        for filter in ('name eq "User"', ""):
            fails(sandbox.get(path, query_string={"filter": filter}), 403)
