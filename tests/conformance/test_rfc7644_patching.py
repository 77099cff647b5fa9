"""RFC 7644 §3.5.2: modifying a resource with PATCH."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox import ENTERPRISE, PATCH_OP, USER, Sandbox
from tests.scim.answers import fails

WORK = {
    "type": "work", "streetAddress": "ul. Szkolna 12", "locality": "Wrocław",
    "postalCode": "50-001", "country": "PL", "primary": True,
}  # fmt: skip
HOME = {"type": "home", "streetAddress": "ul. Polna 3", "locality": "Oława", "country": "PL"}
EMAILS = [
    {"value": "maria@sp12.example.pl", "type": "work", "primary": True},
    {"value": "maria@dom.example", "type": "home"},
]


@pytest.fixture
def maria(sandbox: Sandbox) -> str:
    """The path of a teacher with two e-mails and two addresses, as of some minutes ago."""
    made = sandbox.user(
        "maria.cwikla", emails=EMAILS, addresses=[WORK, HOME], nickName="Marysia",
        name={"givenName": "Maria", "familyName": "Ćwikła"},
    )  # fmt: skip
    sandbox.clock.move(minutes=5)
    return f"/Users/{made['id']}"


@pytest.fixture
def pupils(sandbox: Sandbox) -> dict[str, str]:
    return {name: sandbox.user(name)["id"] for name in ("jan", "ola", "ala")}


def changed(sandbox: Sandbox, path: str, *operations: dict[str, Any]) -> dict[str, Any]:
    """The resource at ``path`` after a PATCH that has to succeed."""
    response = sandbox.patch(path, *operations)
    assert response.status_code == 200, response.get_data(as_text=True)
    answered: dict[str, Any] = json.loads(response.data)
    assert answered == sandbox.read(path)
    assert response.headers["ETag"] == answered["meta"]["version"]
    return answered


def members(group: dict[str, Any]) -> list[str]:
    return [each["value"] for each in group.get("members", [])]


def test_3_5_2_a_message_names_its_schema_and_operations(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``check_patch`` takes an empty list of operations."""
    before = sandbox.read(maria)
    operation = {"op": "add", "path": "title", "value": "Dyrektorka"}
    wrong: tuple[dict[str, Any], ...] = (
        {"Operations": [operation]}, {"schemas": [], "Operations": [operation]},
        {"schemas": [USER], "Operations": [operation]}, {"schemas": [PATCH_OP]},
        {"schemas": [PATCH_OP], "Operations": []}, {"schemas": [PATCH_OP], "Operations": operation},
        {"schemas": [PATCH_OP], "Operations": ["add"]},
        {"schemas": [PATCH_OP], "Operations": [{"path": "title", "value": "x"}]},
        {"schemas": [PATCH_OP], "Operations": [{**operation, "op": "move"}]},
        {"schemas": [PATCH_OP], "Operations": [{**operation, "op": ["add"]}]},
    )  # fmt: skip
    for body in wrong:
        response = sandbox.request("PATCH", maria, body)
        fails(response, 400, "invalidSyntax")
    assert sandbox.read(maria) == before


def test_3_5_2_one_operation_has_one_op(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_object`` in ``strict_json.py`` takes a name twice."""
    text = (
        f'{{"schemas":["{PATCH_OP}"],"Operations":'
        '[{"op":"add","op":"remove","path":"title","value":"x"}]}'
    )
    response = sandbox.request("PATCH", maria, data=text, content_type="application/scim+json")
    fails(response, 400, "invalidSyntax")


def test_3_5_2_a_path_is_read_by_its_grammar(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_attribute`` in ``paths.py`` takes more than two names."""
    before = sandbox.read(maria)
    for path in (
        "emails[", "emails[type eq]", "emails]", "name..givenName", "name.givenName.x", "a b",
        "7th", "emails[0]", "emails[type eq \"work\"]value", ".title",
    ):  # fmt: skip
        response = sandbox.patch(maria, {"op": "replace", "path": path, "value": "x"})
        assert response.status_code == 400, path
        assert json.loads(response.data)["scimType"] in ("invalidPath", "invalidFilter"), path
    assert sandbox.read(maria) == before


def test_3_5_2_what_may_not_be_written_is_not(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_check_mutability`` in ``patch_requests.py`` asks for ``is_immutable``."""
    before = sandbox.read(maria)
    for path, value, kind in (
        ("id", "x", "mutability"), ("meta.version", "x", "mutability"),
        ("groups", [{"value": "x"}], "mutability"), ("active", "tak", "invalidValue"),
        ("title", 7, "invalidValue"), ("name", "Maria", "invalidValue"),
        ("emails", [{"value": 7}], "invalidValue"),
    ):  # fmt: skip
        for op in ("add", "replace"):
            response = sandbox.patch(maria, {"op": op, "path": path, "value": value})
            fails(response, 400, kind)
    assert sandbox.read(maria) == before


def test_3_5_2_an_extension_joins_schemas_with_its_first_value(
    sandbox: Sandbox, maria: str
) -> None:
    """Red when: ``Change._rendered`` lists ``core`` alone in ``schemas``."""
    named = f"{ENTERPRISE}:employeeNumber"
    after = changed(sandbox, maria, {"op": "add", "path": named, "value": "701984"})
    assert (after["schemas"], after[ENTERPRISE]) == (
        [USER, ENTERPRISE],
        {"employeeNumber": "701984"},
    )
    after = changed(sandbox, maria, {"op": "remove", "path": named})
    assert after["schemas"] == [USER]
    for value in ({named: "7"}, {ENTERPRISE: {"employeeNumber": "7"}}):
        after = changed(
            sandbox, maria,
            {"op": "replace", "value": value},
            {"op": "add", "path": f"{ENTERPRISE}:division", "value": "Klasy 4-8"},
        )  # fmt: skip
        assert after["schemas"] == [USER, ENTERPRISE]
        assert after[ENTERPRISE] == {"employeeNumber": "7", "division": "Klasy 4-8"}
        after = changed(sandbox, maria, {"op": "remove", "path": ENTERPRISE})
        assert after["schemas"] == [USER]


def test_3_5_2_operations_follow_one_another(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``Writing.patch`` applies each operation to ``held.document``."""
    after = changed(
        sandbox, maria,
        {"op": "replace", "path": 'emails[type eq "home"].type', "value": "other"},
        {"op": "add", "path": "emails", "value": [{"value": "m@dom.example", "type": "home"}]},
        {"op": "remove", "path": 'emails[type eq "other"]'},
        {"op": "add", "path": "nickName", "value": "Marysieńka"},
        {"op": "replace", "path": "nickName", "value": "Mania"},
    )  # fmt: skip
    assert after["emails"] == [EMAILS[0], {"value": "m@dom.example", "type": "home"}]
    assert after["nickName"] == "Mania"


def test_3_5_2_a_new_primary_value_is_the_only_one(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_settle_primary`` returns at once."""

    def primary(after: dict[str, Any]) -> list[str]:
        return [each["value"] for each in after["emails"] if each.get("primary")]

    change: dict[str, Any]
    for change, expected in (
        ({"op": "replace", "path": 'emails[type eq "home"].primary', "value": True},
         "maria@dom.example"),
        ({"op": "add", "path": 'emails[type eq "work"].primary', "value": True},
         "maria@sp12.example.pl"),
        ({"op": "add", "path": "emails", "value": [{"value": "m@x.example", "primary": True}]},
         "m@x.example"),
        ({"op": "add", "value": {"emails": [{"value": "n@x.example", "primary": True}]}},
         "n@x.example"),
    ):  # fmt: skip
        assert primary(changed(sandbox, maria, change)) == [expected]


def test_3_5_2_a_failed_operation_undoes_them_all(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``Writer._ending`` commits where something is raised."""
    sandbox.user("ola")
    group = sandbox.group("7a", maria.rpartition("/")[2])
    good = {"op": "add", "path": "title", "value": "Dyrektorka"}
    for bad in (
        {"op": "remove"}, {"op": "replace", "path": "id", "value": "x"},
        {"op": "replace", "path": "userName", "value": "OLA"},
        {"op": "replace", "path": 'emails[value eq "nikt"].type', "value": 7},
    ):  # fmt: skip
        before = sandbox.read(maria)
        response = sandbox.patch(maria, good, bad)
        assert response.status_code in (400, 409)
        fails(response, response.status_code, json.loads(response.data)["scimType"])
        assert sandbox.read(maria) == before
    path = f"/Groups/{group['id']}"
    before = sandbox.read(path)
    late = {"op": "replace", "path": 'members[value eq "nikt"]', "value": {"value": "x"}}
    fails(sandbox.patch(path, {"op": "remove", "path": "members"}, late), 400, "noTarget")
    assert sandbox.read(path) == before


def test_3_5_2_asking_for_attributes_asks_for_a_body(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``Writes._write`` no longer asks ``is_asked`` before it is silent."""
    change: dict[str, Any] = {"op": "replace", "path": "nickName", "value": "Mania"}
    response = sandbox.patch(maria, change, query_string={"attributes": "nickName"})
    assert response.status_code == 200
    assert json.loads(response.data).keys() == {"schemas", "id", "nickName"}
    many = [{"value": f"nikt-{number}"} for number in range(1_001)]
    group = sandbox.group("7a", **{"members": many})
    change = {"op": "add", "path": "members", "value": [{"value": "nikt"}]}
    quiet = sandbox.patch(f"/Groups/{group['id']}", change)
    assert (quiet.status_code, quiet.data) == (204, b"")
    assert quiet.headers["ETag"] != group["meta"]["version"]
    change = {"op": "remove", "path": 'members[value eq "nikt"]'}
    loud = sandbox.patch(
        f"/Groups/{group['id']}", change, query_string={"attributes": "displayName"}
    )
    assert (loud.status_code, json.loads(loud.data)["displayName"]) == (200, "7a")


def test_3_5_2_1_adding_needs_a_value(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_Reader.edits`` takes an ``add`` without a value."""
    before = sandbox.read(maria)
    for path in ({}, {"path": "title"}, {"path": "emails"}, {"path": "name.givenName"}):
        response = sandbox.patch(maria, {"op": "add", **path})
        assert response.status_code == 400
        assert json.loads(response.data)["scimType"] in ("invalidValue", "invalidSyntax")
    assert sandbox.read(maria) == before


def test_3_5_2_1_adding_a_member_to_a_group(sandbox: Sandbox, pupils: dict[str, str]) -> None:
    """Red when: ``_add`` in ``members.py`` lists again who is listed."""
    group = sandbox.group("7a", pupils["jan"])
    path = f"/Groups/{group['id']}"
    new = {
        "display": "Ola",
        "$ref": f"{sandbox.base}/Users/{pupils['ola']}",
        "value": pupils["ola"],
    }
    change = {"op": "add", "path": "members", "value": [new]}
    after = changed(sandbox, path, change)
    assert members(after) == [pupils["jan"], pupils["ola"]]
    assert after["meta"]["version"] != group["meta"]["version"]
    sandbox.clock.move(minutes=1)
    assert changed(sandbox, path, change) == after


def test_3_5_2_1_adding_attributes_without_a_path(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_Reader._write_parts`` replaces whatever the operation."""
    email = {"value": "m.cwikla@dom.example", "type": "other"}
    after = changed(
        sandbox, maria, {"op": "add", "value": {"emails": [email], "nickname": "Mania"}}
    )
    assert after["emails"] == [*EMAILS, email]
    assert after["nickName"] == "Mania"


def test_3_5_2_1_adding_a_value_to_emails(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_apply_to_list`` replaces where it should add."""
    email = {"value": "m@dom.example", "type": "other"}
    after = changed(sandbox, maria, {"op": "add", "path": "emails", "value": [email]})
    assert after["emails"] == [*EMAILS, email]
    after = changed(sandbox, maria, {"op": "add", "path": "phoneNumbers", "value": [email]})
    assert after["phoneNumbers"] == [email]


def test_3_5_2_1_adding_to_a_complex_attribute(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_Reader._write`` edits a complex attribute whole."""
    after = changed(sandbox, maria, {"op": "add", "path": "name", "value": {"middleName": "Ewa"}})
    assert after["name"] == {"givenName": "Maria", "familyName": "Ćwikła", "middleName": "Ewa"}
    after = changed(sandbox, maria, {"op": "add", "path": "name.givenName", "value": "Maja"})
    assert after["name"]["givenName"] == "Maja"
    for value in ("Ewa", 7, [7]):
        response = sandbox.patch(maria, {"op": "add", "path": "name", "value": value})
        fails(response, 400, "invalidValue")


def test_3_5_2_1_adding_replaces_a_single_value(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_assign`` in ``patching.py`` keeps what is there (``setdefault``)."""
    for path in ("title", "nickName"):
        after = changed(sandbox, maria, {"op": "add", "path": path, "value": "Pani"})
        assert after[path] == "Pani"


def test_3_5_2_1_adding_what_is_there_changes_nothing(
    sandbox: Sandbox, maria: str, pupils: dict[str, str]
) -> None:
    """Red when: ``_apply_to_list`` in ``patching.py`` adds what is ``here`` already."""
    before = sandbox.read(maria)
    group = sandbox.group("7a", *pupils.values())
    sandbox.clock.move(minutes=5)
    change: dict[str, Any]
    for change in (
        {"op": "add", "path": "nickName", "value": "Marysia"},
        {"op": "add", "path": "emails", "value": [EMAILS[1]]},
        {"op": "add", "path": "name", "value": {"givenName": "Maria"}},
        {"op": "add", "value": {"nickName": "Marysia", "emails": EMAILS}},
        {"op": "replace", "path": 'emails[type eq "home"].value', "value": "maria@dom.example"},
    ):  # fmt: skip
        assert changed(sandbox, maria, change) == before
    listed = [{"value": id} for id in pupils.values()]
    for op in ("add", "replace"):
        change = {"op": op, "path": "members", "value": listed}
        assert changed(sandbox, f"/Groups/{group['id']}", change) == group


def test_3_5_2_2_removing_needs_a_path(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_Reader.edits`` takes a ``remove`` without a path."""
    for more in ({}, {"value": {"nickName": "Marysia"}}, {"path": None}):
        fails(sandbox.patch(maria, {"op": "remove", **more}), 400, "noTarget")


def test_3_5_2_2_removing_leaves_an_attribute_unassigned(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_assign`` in ``patching.py`` stores None instead of removing."""
    for path in ("nickName", "name.givenName", "addresses"):
        changed(sandbox, maria, {"op": "remove", "path": path})
    after = sandbox.read(maria)
    assert after["name"] == {"familyName": "Ćwikła"}
    assert not {"nickName", "addresses"} & after.keys()
    after = changed(sandbox, maria, {"op": "remove", "path": "name.familyName"})
    assert "name" not in after
    assert changed(sandbox, maria, {"op": "remove", "path": "nickName"}) == after


def test_3_5_2_2_removing_a_value_from_emails(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_compare`` in ``matching.py`` takes ``ew`` for ``sw``."""
    path = 'emails[type eq "work" and value ew "example.pl"]'
    after = changed(sandbox, maria, {"op": "remove", "path": path})
    assert after["emails"] == EMAILS[1:]
    after = changed(sandbox, maria, {"op": "remove", "path": 'emails[type eq "home"].type'})
    assert after["emails"] == [{"value": "maria@dom.example"}]
    after = changed(sandbox, maria, {"op": "remove", "path": 'emails[value co "@"].value'})
    assert "emails" not in after
    assert sandbox.read("/Users", filter="emails pr")["totalResults"] == 0


def test_3_5_2_2_removing_one_member_of_a_group(sandbox: Sandbox, pupils: dict[str, str]) -> None:
    """Red when: ``_Reader._remove_members`` forgets the selection."""
    path = f"/Groups/{sandbox.group('7a', *pupils.values())['id']}"
    change = {"op": "remove", "path": f'members[value eq "{pupils["ola"]}"]'}
    after = changed(sandbox, path, change)
    assert members(after) == [pupils["jan"], pupils["ala"]]
    assert "groups" not in sandbox.read(f"/Users/{pupils['ola']}")
    sandbox.clock.move(minutes=1)
    assert changed(sandbox, path, change) == after


def test_3_5_2_2_removing_all_members_of_a_group(sandbox: Sandbox, pupils: dict[str, str]) -> None:
    """Red when: ``Writing._edit_members`` no longer calls ``members.clear``."""
    path = f"/Groups/{sandbox.group('7a', *pupils.values())['id']}"
    assert "members" not in changed(sandbox, path, {"op": "remove", "path": "members"})
    assert sandbox.read("/Groups", filter="members pr")["totalResults"] == 0


def test_3_5_2_2_removing_one_member_and_adding_another(
    sandbox: Sandbox, pupils: dict[str, str]
) -> None:
    """Red when: ``_remove_selected`` in ``members.py`` removes who isn't chosen."""
    path = f"/Groups/{sandbox.group('7a', pupils['jan'])['id']}"
    after = changed(
        sandbox, path,
        {"op": "remove", "path": f'members[value eq "{pupils["jan"]}"]'},
        {"op": "add", "path": "members", "value": [{"display": "Ola", "value": pupils["ola"]}]},
    )  # fmt: skip
    assert members(after) == [pupils["ola"]]
    after = changed(
        sandbox, path,
        {"op": "remove", "path": "members"},
        {"op": "add", "path": "members", "value": [{"value": pupils[n]} for n in ("jan", "ala")]},
    )  # fmt: skip
    assert sorted(members(after)) == sorted([pupils["jan"], pupils["ala"]])


def test_3_5_2_2_what_is_required_or_read_only_stays(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_Reader._remove`` no longer asks ``is_required``."""
    group = f"/Groups/{sandbox.group('7a')['id']}"
    before = sandbox.read("")
    for path, removed in (
        (maria, "userName"), (maria, "id"), (maria, "meta"), (maria, "groups"),
        (group, "displayName"), (group, "id"), (maria, "schemas"),
    ):  # fmt: skip
        fails(sandbox.patch(path, {"op": "remove", "path": removed}), 400, "mutability")
    assert sandbox.read("") == before


def test_3_5_2_3_replacing_all_members_of_a_group(sandbox: Sandbox, pupils: dict[str, str]) -> None:
    """Red when: ``Writing._edit_members`` adds where it should replace."""
    path = f"/Groups/{sandbox.group('7a', pupils['jan'])['id']}"
    new = [{"display": name, "value": pupils[name]} for name in ("ola", "ala")]
    after = changed(sandbox, path, {"op": "replace", "path": "members", "value": new})
    assert sorted(members(after)) == sorted([pupils["ola"], pupils["ala"]])


def test_3_5_2_3_replacing_a_whole_work_address(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_settle_primary`` leaves the earlier primary value as it is."""
    changed(
        sandbox,
        maria,
        {"op": "replace", "path": 'addresses[type eq "home"].primary', "value": True},
    )
    new = {
        "type": "work", "streetAddress": "ul. Nowa 1", "locality": "Wrocław", "country": "PL",
        "postalCode": "50-002", "formatted": "ul. Nowa 1\n50-002 Wrocław", "primary": True,
    }  # fmt: skip
    after = changed(
        sandbox, maria, {"op": "replace", "path": 'addresses[type eq "work"]', "value": new}
    )
    work, home = after["addresses"]
    assert work == new
    assert {**home, "primary": False} == {**HOME, "primary": False}
    assert not home.get("primary")


def test_3_5_2_3_replacing_the_street_of_a_work_address(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_apply_to_selected`` edits the first chosen value alone."""
    path = 'addresses[type eq "work"].streetAddress'
    after = changed(sandbox, maria, {"op": "replace", "path": path, "value": "ul. Nowa 1"})
    assert after["addresses"] == [{**WORK, "streetAddress": "ul. Nowa 1"}, HOME]
    path = 'addresses[country eq "PL"].region'
    after = changed(sandbox, maria, {"op": "replace", "path": path, "value": "dolnośląskie"})
    assert [each["region"] for each in after["addresses"]] == ["dolnośląskie"] * 2


def test_3_5_2_3_replacing_attributes_without_a_path(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_apply_to_list`` adds where it should replace."""
    before = sandbox.read(maria)
    emails = [{"value": "m@sp12.example.pl", "type": "work", "primary": True}]
    after = changed(
        sandbox, maria, {"op": "replace", "value": {"emails": emails, "nickname": "Mania"}}
    )
    assert (after["emails"], after["nickName"]) == (emails, "Mania")
    untouched = before.keys() - {"emails", "nickName", "meta"}
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}
    for value in ("x", 7, ["x"]):
        response = sandbox.patch(maria, {"op": "replace", "value": value})
        assert response.status_code == 400


def test_3_5_2_3_replacing_what_is_absent_adds_it(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_apply`` skips a ``replace`` of what isn't there."""
    phones = [{"value": "600100200", "type": "mobile"}]
    after = changed(
        sandbox, maria,
        {"op": "replace", "path": "title", "value": "Dyrektorka"},
        {"op": "replace", "path": "phoneNumbers", "value": phones},
        {"op": "replace", "path": "name.middleName", "value": "Ewa"},
    )  # fmt: skip
    assert (after["title"], after["phoneNumbers"]) == ("Dyrektorka", phones)
    assert after["name"]["middleName"] == "Ewa"


def test_3_5_2_3_replacing_part_of_a_complex_attribute(sandbox: Sandbox, maria: str) -> None:
    """Red when: ``_apply`` begins a complex value anew (``inner = {}``)."""
    change = {"op": "replace", "path": "name", "value": {"familyName": "Nowak"}}
    after = changed(sandbox, maria, change)
    assert after["name"] == {"givenName": "Maria", "familyName": "Nowak"}
    for value in ("Nowak", 7):
        fails(
            sandbox.patch(maria, {"op": "replace", "path": "name", "value": value}),
            400, "invalidValue",
        )  # fmt: skip


def test_3_5_2_3_replacing_what_no_filter_matches_has_no_target(
    sandbox: Sandbox, maria: str
) -> None:
    """Red when: ``_made`` in ``patching.py`` returns nothing instead of raising ``NoTarget``."""
    before = sandbox.read(maria)
    for path, value in (
        ('emails[value ew "nikt.example"]', {"value": "x"}),
        ('emails[type ne "work" and type ne "home"].value', "x"),
        ('addresses[locality sw "Kr"].streetAddress', "x"),
        ('phoneNumbers[type pr].value', "x"),
    ):  # fmt: skip
        response = sandbox.patch(maria, {"op": "replace", "path": path, "value": value})
        fails(response, 400, "noTarget")
    assert sandbox.read(maria) == before
