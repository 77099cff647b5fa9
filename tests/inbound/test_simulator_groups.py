"""Groups and members: what Microsoft Graph takes of a push, and what it refuses."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.inbound.asking import call, push, user
from tests.inbound.double import Double, doubled
from tests.school import DOMAIN


def group(**changes: Any) -> dict[str, Any]:
    own = {
        "displayName": "7a biology", "mailNickname": "7a-biology", "mailEnabled": False,
        "securityEnabled": True, "groupTypes": [], **changes,
    }  # fmt: skip
    return {name: value for name, value in own.items() if value is not None}


def created(double: Double, **changes: Any) -> str:
    answer = call(double, "POST", "/groups", json=group(**changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def people(double: Double, number: int) -> list[str]:
    """The ids of so many new accounts."""
    return [
        double.seed_account(
            userPrincipalName=f"member.{each}@{DOMAIN}", displayName=f"M {each}",
            employeeId=f"M-{each}",
        )["id"]
        for each in range(number)
    ]  # fmt: skip


def link(double: Double, user_id: str) -> str:
    return f"{double.graph}/directoryObjects/{user_id}"


def bind(double: Double, group_id: str, *users: str) -> httpx2.Response:
    links = [link(double, each) for each in users]
    return call(double, "PATCH", f"/groups/{group_id}", json={"members@odata.bind": links})


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_group_is_created_and_read_by_its_id(double: Double) -> None:
    answer = call(double, "POST", "/groups", json=group())
    assert answer.status_code == 201
    read = call(double, "GET", f"/groups/{answer.json()['id']}").json()
    assert read == answer.json()
    assert read.items() >= group().items()


@pytest.mark.parametrize("name", ["displayName", "mailNickname", "mailEnabled", "securityEnabled"])
def test_a_group_needs_every_required_property(double: Double, name: str) -> None:
    answer = call(double, "POST", "/groups", json=group(**{name: None}))
    assert refusal(answer) == (400, "Request_BadRequest")


@pytest.mark.parametrize(
    "changes",
    [
        {"mailNickname": ""}, {"mailNickname": "a" * 65}, {"mailNickname": "7a biology"},
        {"mailNickname": "żółć"}, {"mailNickname": "a@b"}, {"mailNickname": "a.b"},
        {"displayName": ""}, {"displayName": "a" * 257}, {"displayName": 7},
        {"mailEnabled": "false"}, {"mailEnabled": True}, {"securityEnabled": False},
        {"groupTypes": ["Unified"]}, {"groupTypes": ["Security"]},
        {"groupTypes": ["DynamicMembership"]}, {"colour": "red"}, {"uniqueName": "a"},
        {"isAssignableToRole": True}, {"extension_key": "unregistered"},
    ],
)  # fmt: skip
def test_a_group_that_graph_doesn_t_make_is_refused(
    double: Double, changes: dict[str, Any]
) -> None:
    answer = call(double, "POST", "/groups", json=group(**changes))
    assert refusal(answer) == (400, "Request_BadRequest")
    assert not double.groups


@pytest.mark.parametrize("nickname", ["a" * 64, "a", "7a_Bio-1", "#!$%&'*+/=?^`{|}~"])
def test_a_nickname_of_allowed_characters_is_taken(double: Double, nickname: str) -> None:
    created(double, mailNickname=nickname)


def test_a_nickname_is_unique_among_microsoft_365_groups_alone(double: Double) -> None:
    unified = {"groupTypes": ["Unified"], "mailEnabled": True}
    created(double)
    created(double)
    created(double, **unified)
    answer = call(double, "POST", "/groups", json=group(**unified, mailNickname="7A-Biology"))
    assert refusal(answer) == (400, "Request_BadRequest")


def test_a_group_is_found_by_its_nickname(double: Double) -> None:
    own = created(double)
    created(double, mailNickname="other")
    found = call(double, "GET", "/groups", params={"$filter": "mailNickname eq '7a-biology'"})
    assert [each["id"] for each in found.json()["value"]] == [own]


def test_a_group_is_found_by_an_extension_that_is_registered() -> None:
    with doubled(extensions=("extension_key",)) as double:
        own = created(double, extension_key="G-1")
        created(double)
        query = {"$filter": "extension_key eq 'G-1'", "$select": "id,extension_key"}
        found = call(double, "GET", "/groups", params=query).json()["value"]
        assert found == [{"id": own, "extension_key": "G-1"}]
        assert "extension_key" not in call(double, "GET", f"/groups/{own}").json()


def test_a_group_is_made_once_by_its_unique_name(double: Double) -> None:
    url, prefer = "/groups(uniqueName='G-1')", {"Prefer": "create-if-missing"}
    first = call(double, "PATCH", url, json=group(), headers=prefer)
    assert first.status_code == 201
    again = call(double, "PATCH", url, json=group(displayName="New"), headers=prefer)
    assert (again.status_code, again.content) == (204, b"")
    found = call(double, "GET", url).json()
    assert (found["id"], found["displayName"]) == (first.json()["id"], "New")
    query = {"$filter": "uniqueName eq 'G-1'"}
    assert len(call(double, "GET", "/groups", params=query).json()["value"]) == 1


def test_without_prefer_a_unique_name_that_isn_t_there_is_404(double: Double) -> None:
    answer = call(double, "PATCH", "/groups(uniqueName='G-1')", json=group())
    assert refusal(answer) == (404, "Request_ResourceNotFound")


def test_a_patch_changes_the_display_name(double: Double) -> None:
    own = created(double)
    answer = call(double, "PATCH", f"/groups/{own}", json={"displayName": "8a biology"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert double.groups[own].properties["displayName"] == "8a biology"


@pytest.mark.parametrize(
    "body", [{"mailEnabled": True}, {"groupTypes": ["Unified"]}, {"id": "a"}, {"displayName": ""}]
)
def test_a_patch_of_what_can_t_be_changed_is_refused(double: Double, body: dict[str, Any]) -> None:
    own = created(double)
    assert refusal(call(double, "PATCH", f"/groups/{own}", json=body))[0] == 400


def test_twenty_members_are_added_at_once_and_one_more_is_refused(double: Double) -> None:
    own, users = created(double), people(double, 21)
    assert bind(double, own, *users).status_code == 400
    assert double.groups[own].members == []
    assert bind(double, own, *users[:20]).status_code == 204
    assert double.groups[own].members == users[:20]


def test_a_patch_with_a_member_that_is_one_adds_nobody(double: Double) -> None:
    """Red when members are added until the first that is wrong."""
    own, (one, two) = created(double), people(double, 2)
    bind(double, own, one)
    assert bind(double, own, two, one).status_code == 400
    assert double.groups[own].members == [one]


def test_a_member_that_doesn_t_exist_is_404_and_nobody_is_added(double: Double) -> None:
    own, (one,) = created(double), people(double, 1)
    assert bind(double, own, one, "nobody").status_code == 404
    assert double.groups[own].members == []


def test_a_member_is_added_and_removed_by_reference(double: Double) -> None:
    own, (one,) = created(double), people(double, 1)
    url, body = f"/groups/{own}/members/$ref", {"@odata.id": link(double, one)}
    assert call(double, "POST", url, json=body).status_code == 204
    assert call(double, "POST", url, json=body).status_code == 400
    assert double.groups[own].members == [one]
    url = f"/groups/{own}/members/{one}/$ref"
    assert call(double, "DELETE", url).status_code == 204
    assert call(double, "DELETE", url).status_code == 404
    assert double.groups[own].members == []


def test_microsoft_s_own_address_names_a_member(double: Double) -> None:
    own, (one,) = created(double), people(double, 1)
    body = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{one}"}
    assert call(double, "POST", f"/groups/{own}/members/$ref", json=body).status_code == 204


@pytest.mark.parametrize("address", ["{}", "https://evil.example/v1.0/users/{}", "/groups/{}"])
def test_a_reference_to_elsewhere_is_refused(double: Double, address: str) -> None:
    own, (one,) = created(double), people(double, 1)
    body = {"@odata.id": address.format(one)}
    assert call(double, "POST", f"/groups/{own}/members/$ref", json=body).status_code == 400


def test_removing_a_member_without_ref_is_refused(double: Double) -> None:
    """Red when the address that deletes the account at Microsoft's works here."""
    own, (one,) = created(double), people(double, 1)
    bind(double, own, one)
    assert call(double, "DELETE", f"/groups/{own}/members/{one}").status_code == 400
    assert call(double, "DELETE", f"/groups/{own}").status_code == 405
    assert double.groups[own].members == [one]


def test_members_are_listed_in_pages(double: Double) -> None:
    own, users = created(double), people(double, 5)
    bind(double, own, *users)
    url, found = f"/groups/{own}/members?$top=2&$select=id", list[str]()
    while url:
        answer = call(double, "GET", url).json()
        assert all(each["@odata.type"] == "#microsoft.graph.user" for each in answer["value"])
        found += [each["id"] for each in answer["value"]]
        url = answer.get("@odata.nextLink", "")
    assert found == users


def test_the_members_of_a_dynamic_group_can_t_be_changed(double: Double) -> None:
    (one,) = people(double, 1)
    own = double.seed_group(displayName="All", groupTypes=["DynamicMembership"]).id
    assert bind(double, own, one).status_code == 400


def test_an_attempt_at_a_group_that_was_there_before_is_told(double: Double) -> None:
    """Red when refused attempts, or those by another way, aren't noted."""
    own, (one,) = created(double), people(double, 1)
    before = double.seed_group(displayName="Teachers", mailNickname="teachers").id
    bind(double, own, one)
    call(double, "PATCH", f"/groups/{own}", json={"displayName": "New"})
    call(double, "GET", f"/groups/{before}")
    assert double.foreign_writes == []

    bind(double, before, "nobody")
    call(double, "PATCH", f"/groups/{before}", json={"displayName": "Ours"})
    call(double, "POST", f"/groups/{before}/members/$ref", json={})
    call(double, "DELETE", f"/groups/{before}/members/{one}/$ref")
    call(double, "DELETE", f"/groups/{before}")
    step = {"id": "1", "method": "PATCH", "url": f"/groups/{before}"}
    call(double, "POST", "/$batch", json={"requests": [step]})
    assert double.foreign_writes == [
        (each, before) for each in ("PATCH", "PATCH", "POST", "DELETE", "DELETE", "PATCH")
    ]


@pytest.mark.parametrize(
    ("permissions", "statuses"),
    [
        ((), (403, 403, 403, 403)),
        (("Group.Read.All",), (403, 403, 403, 200)),
        (("GroupMember.ReadWrite.All", "Group.Create"), (201, 403, 204, 403)),
        (("Group.ReadWrite.All",), (201, 204, 204, 200)),
    ],
)
def test_each_write_takes_its_permission(
    double: Double, permissions: tuple[str, ...], statuses: tuple[int, ...]
) -> None:
    own, (one,) = created(double), people(double, 1)
    double.tenant.permissions = permissions
    found = (
        call(double, "POST", "/groups", json=group()).status_code,
        call(double, "PATCH", f"/groups/{own}", json={"displayName": "New"}).status_code,
        bind(double, own, one).status_code,
        call(double, "GET", "/groups").status_code,
    )
    assert found == statuses


def test_employee_id_comes_only_where_it_is_selected(double: Double) -> None:
    """Red when ``employeeId`` is among the default properties."""
    push(double, user(1))
    double.settle()
    query = {"$filter": "employeeId eq 'P-1'"}
    (plain,) = call(double, "GET", "/users", params=query).json()["value"]
    assert "employeeId" not in plain
    query["$select"] = "id,employeeId"
    found = call(double, "GET", "/users", params=query).json()["value"]
    assert found == [{"id": plain["id"], "employeeId": "P-1"}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("employeeId in ('M-1', 'M-3')", ["M-1", "M-3"]),
        ("employeeId eq 'M-1' or employeeId eq 'M-2'", ["M-1", "M-2"]),
        ("startswith(employeeId, 'M-')", ["M-0", "M-1", "M-2", "M-3"]),
        ("employeeId eq 'M-1' and employeeId eq 'M-2'", []),
        ("employeeId eq 'M-1' and startswith(userPrincipalName, 'member')", ["M-1"]),
        ("employeeId eq 'X'", []),
    ],
)
def test_accounts_are_found_by_employee_id(double: Double, text: str, found: list[str]) -> None:
    people(double, 4)
    query = {"$filter": text, "$select": "employeeId"}
    answer = call(double, "GET", "/users", params=query).json()
    assert [each["employeeId"] for each in answer["value"]] == found


def test_fifteen_values_may_be_asked_for_and_one_more_is_refused(double: Double) -> None:
    def asked(number: int) -> httpx2.Response:
        values = ", ".join(f"'M-{each}'" for each in range(number))
        return call(double, "GET", "/users", params={"$filter": f"employeeId in ({values})"})

    assert asked(15).status_code == 200
    assert refusal(asked(16)) == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize(
    "query",
    [{"$filter": "city eq 'X'"}, {"$select": "shoeSize"}, {"$expand": "manager"}, {"$top": "1000"}],
)
def test_a_query_of_accounts_that_isn_t_understood_is_400(
    double: Double, query: dict[str, str]
) -> None:
    assert call(double, "GET", "/users", params=query).status_code == 400


def test_one_account_is_read_by_its_id_or_its_name(double: Double) -> None:
    (one,) = people(double, 1)
    for name in (one, f"member.0@{DOMAIN}"):
        assert call(double, "GET", f"/users/{name}").json()["id"] == one
    assert call(double, "GET", "/users/nobody").status_code == 404
