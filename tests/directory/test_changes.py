"""The write side of the store: counters, waypoints, versions and rows that nobody needs."""

from __future__ import annotations

import random

from sqlalchemy import func, select

from scim_server.directory.tables import (
    PLACEHOLDER,
    element,
    membership,
    population,
    reference,
    resource,
    waypoint,
)
from tests.sandbox import ENTERPRISE, GROUP, USER, Sandbox


def _rows(sandbox: Sandbox, table: object) -> int:
    with sandbox.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


def _names(sandbox: Sandbox, **query: int) -> list[str]:
    found = sandbox.read("/Users", attributes="userName", **query)
    return [each["userName"] for each in found["Resources"]]


def test_pages_stay_true_while_resources_come_and_go(sandbox: Sandbox) -> None:
    """Red when deleting leaves waypoints where they are."""
    order: list[tuple[str, str]] = []
    chance = random.Random(3)
    for number in range(330):
        operations = {"method": "POST", "path": "/Users", "bulkId": "u",
                      "data": {"schemas": [USER], "userName": f"u{number}"}}  # fmt: skip
        answer = sandbox.bulk(operations)
        order.append((answer.json["Operations"][0]["location"].rpartition("/")[2], f"u{number}"))  # type: ignore[index]
        if number > 120 and number % 2:
            gone = order.pop(chance.randrange(len(order)))
            assert sandbox.delete(f"/Users/{gone[0]}").status_code == 204
    names = [name for _, name in order]
    for start in (1, 2, 57, 100, 101, 150, 201, len(names) - 3, len(names)):
        found = sandbox.read("/Users", startIndex=start, count=7, attributes="userName")
        assert found["totalResults"] == len(names)
        listed = [each["userName"] for each in found["Resources"]]
        assert listed == names[start - 1 : start + 6], start
    with sandbox.database.read() as connection:
        places = connection.execute(
            select(waypoint.c.ordinal, waypoint.c.seq).order_by(waypoint.c.seq)
        ).all()
        for ordinal, seq in places:
            before = select(func.count()).where(
                resource.c.seq < seq, resource.c.resource_type == "User"
            )
            assert connection.scalar(before) == ordinal


def test_a_deleted_resource_leaves_no_row(sandbox: Sandbox) -> None:
    user = sandbox.user("anna", emails=[{"value": "anna@example.com"}])
    group = sandbox.group("7a", user["id"], "unknown-member")
    sandbox.delete(f"/Groups/{group['id']}")
    assert _rows(sandbox, membership) == 0
    with sandbox.database.read() as connection:
        kinds = connection.scalars(select(resource.c.resource_type)).all()
        total = dict(
            connection.execute(select(population.c.resource_type, population.c.total)).all()
        )
    assert kinds == ["User"]
    assert total == {"User": 1, "Group": 0}
    sandbox.delete(f"/Users/{user['id']}")
    for table in (resource, reference, element):
        assert _rows(sandbox, table) == 0


def test_an_unknown_member_leaves_with_the_last_group_that_lists_it(sandbox: Sandbox) -> None:
    """Red when ``Members.finish`` forgets no placeholder."""
    first = sandbox.group("7a", "strange")["id"]
    second = sandbox.group("7b", "strange")["id"]

    def placeholders() -> int:
        with sandbox.database.read() as connection:
            query = select(func.count()).where(resource.c.resource_type == PLACEHOLDER)
            return connection.scalar(query) or 0

    assert placeholders() == 1
    remove = {"op": "remove", "path": "members"}
    sandbox.patch(f"/Groups/{first}", remove)
    assert placeholders() == 1
    sandbox.patch(f"/Groups/{second}", remove)
    assert placeholders() == 0


def test_a_membership_moves_the_group_and_the_user_and_a_copied_name_nobody_else(
    sandbox: Sandbox,
) -> None:
    anna, jan = sandbox.user("anna"), sandbox.user("jan")
    group = sandbox.group("7a", anna["id"])

    def versions() -> dict[str, str]:
        return {each["id"]: each["meta"]["version"] for each in sandbox.read("/")["Resources"]}

    before = versions()
    sandbox.patch(f"/Groups/{group['id']}",
                  {"op": "add", "path": "members", "value": [{"value": jan["id"]}]})  # fmt: skip
    after = versions()
    assert {id for id in before if before[id] != after[id]} == {jan["id"], group["id"]}
    sandbox.patch(f"/Groups/{group['id']}",
                  {"op": "replace", "path": "displayName", "value": "8a"})  # fmt: skip
    renamed = versions()
    assert {id for id in after if after[id] != renamed[id]} == {group["id"]}
    assert sandbox.read(f"/Users/{anna['id']}")["groups"][0]["display"] == "8a"


def test_members_that_come_and_go_within_one_request_move_nobody(sandbox: Sandbox) -> None:
    user = sandbox.user("anna")
    group = sandbox.group("7a")
    member = {"path": "members", "value": [{"value": user["id"]}]}
    answer = sandbox.patch(
        f"/Groups/{group['id']}", {"op": "add", **member}, {"op": "remove", **member}
    )
    assert answer.json["meta"]["version"] == group["meta"]["version"]  # type: ignore[index]
    assert sandbox.read(f"/Users/{user['id']}")["meta"] == user["meta"]


def test_time_never_goes_back_in_what_is_written(sandbox: Sandbox) -> None:
    """Red when ``_take_number`` takes the clock's time whatever was stored before."""
    first = sandbox.user("anna")
    sandbox.clock.move(hours=-1)
    second = sandbox.user("jan")
    assert second["meta"]["created"] == first["meta"]["created"]


def test_every_attribute_can_be_found_by_what_was_written(sandbox: Sandbox) -> None:
    sandbox.user(
        "anna",
        addresses=[{"locality": "Łódź", "country": "PL", "type": "home"}, {"locality": "Opole"}],
        x509Certificates=[{"value": "QQ" * 1500 + "=="}],
        photos=[{"value": "https://example.com/" + "a" * 3000, "type": "photo"}],
        **{ENTERPRISE: {"department": "7a", "manager": {"value": "M-1", "$ref": "../Users/M-1"}}},
    )
    for found in (
        'addresses[locality eq "łódź" and country eq "PL"]',
        'addresses.locality sw "op"',
        'x509Certificates.value eq "' + "QQ" * 1500 + '=="',
        'photos.value ew "aaa" and photos.type eq "photo"',
        f'{ENTERPRISE}:department eq "7A"',
        f'{ENTERPRISE}:manager.value eq "M-1"',
        'manager eq "M-1"',
        f'schemas eq "{ENTERPRISE}"',
    ):
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
                "filter": found}  # fmt: skip
        answer = sandbox.post("/Users/.search", body)
        assert answer.json["totalResults"] == 1, found[:60]  # type: ignore[index]
    none = sandbox.read("/Users", filter='addresses[locality eq "opole" and country eq "PL"]')
    assert none["totalResults"] == 0


def test_a_key_that_no_index_could_hold_is_refused(sandbox: Sandbox) -> None:
    """Red when ``Reception`` doesn't bound attributes with a column: PostgreSQL would fail."""
    for name in ("userName", "displayName", "externalId", "userType"):
        body = {"schemas": [USER], "userName": "anna", name: "ż" * 513}
        answer = sandbox.post("/Users", body)
        assert (answer.status_code, answer.json["scimType"]) == (400, "invalidValue")  # type: ignore[index]
        assert sandbox.post("/Users", {**body, name: "ż" * 512}).status_code in (201, 409)
    answer = sandbox.post(
        "/Groups", {"schemas": [GROUP], "displayName": "x", "members": [{"value": "v" * 257}]}
    )
    assert answer.status_code == 400
