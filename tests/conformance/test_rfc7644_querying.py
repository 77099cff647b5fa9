"""RFC 7644 §3.4.2 and §3.4.3: filters, order and pages, by GET and by POST."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox import ENTERPRISE, USER, Sandbox
from tests.scim.answers import fails

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
PEOPLE: dict[str, dict[str, Any]] = {
    "jan.zolc": {
        "name": {"givenName": "Jan", "familyName": "Żółć"},
        "displayName": "Żółć Jan",
        "userType": "Student",
        "emails": [
            {"value": "jan@dom.example", "type": "home"},
            {"value": "jan@sp12.example.pl", "type": "work"},
        ],
        "ims": [{"value": "jan@czat.example", "type": "xmpp"}],
        "active": True,
    },
    "ola.mak": {
        "name": {"givenName": "Ola", "familyName": "Mak"},
        "displayName": "Mak Ola",
        "userType": "Student",
        "emails": [
            {"value": "zofia@dom.example", "type": "home"},
            {"value": "ola@sp12.example.pl", "type": "work", "primary": True},
        ],
        "active": False,
    },
    "maria.cwikla": {
        "name": {"givenName": "Maria", "familyName": "O'Ćwikła"},
        "displayName": "ćwikła Maria",
        "userType": "Employee",
        "title": "Dyrektorka",
        "x509Certificates": [{"value": "TUFLTUFL"}],
        ENTERPRISE: {"department": "Matematyka"},
    },
}
"""In the order of their creation, ten minutes apart."""

JAN, OLA, MARIA = PEOPLE


@pytest.fixture
def school(sandbox: Sandbox) -> Sandbox:
    for name, attributes in PEOPLE.items():
        sandbox.user(name, **attributes)
        sandbox.clock.move(minutes=10)
    sandbox.group("7a – matematyka")
    return sandbox


def names(listed: dict[str, Any]) -> list[str]:
    return [each.get("userName", each.get("displayName")) for each in listed["Resources"]]


def found(school: Sandbox, filter: str, path: str = "/Users") -> list[str]:
    return names(school.read(path, filter=filter))


def test_3_4_2_a_list_response_counts_what_it_lists(school: Sandbox) -> None:
    """Red when: ``pages.by_index`` writes a ``startIndex`` of 1 on every page."""
    page = school.read("/Users", startIndex=2, count=1, attributes="userName")
    (resource,) = page["Resources"]
    assert page == {
        "schemas": [LIST_RESPONSE], "totalResults": 3, "itemsPerPage": 1, "startIndex": 2,
        "Resources": [{"schemas": [USER], "id": resource["id"], "userName": OLA}],
    }  # fmt: skip


def test_3_4_2_no_match_is_a_success(school: Sandbox) -> None:
    """Red when: ``Reads._search`` answers an empty page with 404."""
    for path in ("", "/Users", "/Groups"):
        assert school.read(path, filter='displayName eq "nikt"')["totalResults"] == 0


def test_3_4_2_an_unknown_parameter_is_ignored(school: Sandbox) -> None:
    """Red when: ``from_query`` refuses what isn't in ``_NAMES``."""
    assert names(school.read("/Users", nope="1", aadOptscim062020="")) == [JAN, OLA, MARIA]


def test_3_4_2_1_the_root_includes_every_resource(school: Sandbox) -> None:
    """Red when: ``_routes`` in ``door.py`` lists users alone at the root."""
    assert names(school.read("")) == [JAN, OLA, MARIA, "7a – matematyka"]
    for filter, expected in {
        'meta.resourceType eq "User"': [JAN, OLA, MARIA],
        '(meta.resourceType eq "User") or (meta.resourceType eq "Group")': names(school.read("")),
        'displayName sw "7a"': ["7a – matematyka"],
        "title pr": [MARIA],
        'title eq "dyrektorka"': [MARIA],
        "members pr": [],
        'not (title pr) and displayName co "a"': [JAN, OLA, "7a – matematyka"],
    }.items():
        assert found(school, filter, "") == expected, filter


@pytest.mark.parametrize("path", ["/Users", ""])
def test_3_4_2_2_every_operator_compares_as_it_says(school: Sandbox, path: str) -> None:
    """Red when: ``_Compiler._positive`` answers ``ge`` with ``key > term``."""
    for filter, expected in {
        'userName eq "jan.zolc"': [JAN],
        'USERNAME Eq "JAN.ZOLC"': [JAN],
        'userName ne "jan.zolc" and userName pr': [OLA, MARIA],
        'name.familyName co "\'ćwik"': [MARIA],
        'userName sw "J"': [JAN],
        f'{USER}:userName sw "J"': [JAN],
        'userName ew "mak"': [OLA],
        "title pr": [MARIA],
        'userName gt "jan.zolc"': [OLA, MARIA],
        'userName ge "jan.zolc"': [JAN, OLA, MARIA],
        'userName lt "maria.cwikla"': [JAN],
        'userName le "maria.cwikla"': [JAN, MARIA],
        'meta.lastModified gt "2026-11-24T12:10:00.25Z" and userName pr': [MARIA],
        'meta.lastModified ge "2026-11-24T12:10:00.25Z" and userName pr': [OLA, MARIA],
        'meta.lastModified lt "2026-11-24T13:10:00.250+01:00"': [JAN],
        'meta.lastModified le "2026-11-24T13:10:00.250+01:00"': [JAN, OLA],
        "active eq true": [JAN],
        "active eq false": [OLA],
    }.items():
        assert found(school, filter, path) == expected, filter


def test_3_4_2_2_a_boolean_and_a_binary_have_no_order(school: Sandbox) -> None:
    """Red when: ``_check_operator`` in ``filters.py`` no longer asks for ``bytes``."""
    for operator in ("gt", "ge", "lt", "le"):
        for filter in (
            f"active {operator} true", f'x509Certificates.value {operator} "TUFL"',
            f'x509Certificates[value {operator} "TUFL"]', f"emails[primary {operator} true]",
        ):  # fmt: skip
            fails(school.get("/Users", query_string={"filter": filter}), 400, "invalidFilter")


def test_3_4_2_2_not_binds_before_and_before_or(school: Sandbox) -> None:
    """Red when: ``_Compiler.visit_not`` leaves ``not_`` out."""
    for filter, expected in {
        'userType eq "Employee" or userType eq "Student" and active eq true': [JAN, MARIA],
        '(userType eq "Employee" or userType eq "Student") and active eq true': [JAN],
        'not (userType eq "Student") or active eq false': [OLA, MARIA],
        'not (userType eq "Student" or active eq false)': [MARIA],
        "active eq false and not (title pr) or title pr": [OLA, MARIA],
    }.items():
        assert found(school, filter) == expected, filter


def test_3_4_2_2_brackets_hold_for_one_value(school: Sandbox) -> None:
    """Red when: ``_Compiler.visit_comparison`` forgets ``self.host``."""
    for filter, expected in {
        'emails[type eq "work" and value co "@sp12"]': [JAN, OLA],
        'emails[type eq "home" and value co "@sp12"]': [],
        'emails.type eq "home" and emails.value co "@sp12"': [JAN, OLA],
        'emails[type eq "work" and primary eq true]': [OLA],
        'emails[not (type eq "home")]': [JAN, OLA],
        'emails[type eq "work" and value co "@sp12"] or ims[type eq "xmpp"]': [JAN, OLA],
        'emails[type eq "home" and (value sw "jan" or value sw "zofia")]': [JAN, OLA],
    }.items():
        assert found(school, filter) == expected, filter


def test_3_4_2_2_any_value_of_many_may_match(school: Sandbox) -> None:
    """Red when: ``belongs`` in ``collection`` of ``attributes.py`` holds for position 0 alone."""
    for filter, expected in {
        'emails co "dom.example"': [JAN, OLA],
        'emails.value eq "ola@sp12.example.pl"': [OLA],
        'userType eq "Student" and (emails co "jan@" or emails.value co "nikt")': [JAN],
        'userType ne "Employee" and not (emails co "jan@" or emails.value co "nikt")': [OLA],
        f'schemas eq "{ENTERPRISE}"': [MARIA],
        f'{ENTERPRISE}:department eq "matematyka"': [MARIA],
    }.items():
        assert found(school, filter) == expected, filter


def test_3_4_2_2_what_is_no_filter_is_refused(school: Sandbox) -> None:
    """Red when: ``compile_filter`` lets unknown attributes pass."""
    for filter in (
        "", " ", "userName", "userName eq", 'eq "x"', 'userName regex "x"', 'userName like "x"',
        "userName pr and", '(userName eq "x"', "emails[]", 'emails[type eq "work"', "not title pr",
        "emails[userName pr]", "emails[emails[type pr]]", 'nope eq "x"', 'name eq "Jan"',
        "name.nope pr", 'active co "t"', 'active eq "tak"', "meta.created gt 7", "userName pr pr",
    ):  # fmt: skip
        for path in ("/Users", ""):
            response = school.get(path, query_string={"filter": filter})
            assert fails(response, 400, "invalidFilter"), filter


def test_3_4_2_2_case_counts_where_the_schema_says_so(school: Sandbox) -> None:
    """Red when: ``_folded`` in ``rendering.py`` returns ``value.lower()`` for everything."""
    (jan,) = school.read("/Users", filter=f'userName eq "{JAN}"')["Resources"]
    school.patch(f"/Users/{jan['id']}", {"op": "add", "value": {"externalId": "aB"}})
    for filter, expected in {
        'externalId eq "aB"': [JAN], 'externalId eq "ab"': [], 'externalId sw "A"': [],
        'displayName eq "ŻÓŁĆ jan"': [JAN], 'displayName sw "Ć"': [MARIA],
    }.items():  # fmt: skip
        assert found(school, filter) == expected, filter


def test_3_4_2_3_a_list_is_sorted_as_its_attribute_is_compared(school: Sandbox) -> None:
    """Red when: ``_order`` in ``searches.py`` sorts by ``key.desc()`` upwards too."""
    assert names(school.read("/Users", sortBy="displayName")) == [OLA, MARIA, JAN]
    assert names(school.read("/Users", sortBy="displayName", sortOrder="ascending")) == [
        OLA, MARIA, JAN,
    ]  # fmt: skip
    down = school.read("/Users", sortBy="displayName", sortOrder="descending")
    assert names(down) == [JAN, MARIA, OLA]
    assert names(school.read("/Users", sortBy="name.givenName")) == [JAN, MARIA, OLA]
    latest = school.read("/Users", sortBy="meta.created", sortOrder="descending")
    assert names(latest) == [MARIA, OLA, JAN]


def test_3_4_2_3_the_primary_value_or_else_the_first_sorts(school: Sandbox) -> None:
    """Red when: ``order`` in ``collection`` of ``attributes.py`` is the position alone."""
    assert names(school.read("/Users", sortBy="emails.value")) == [JAN, OLA, MARIA]
    (ola,) = school.read("/Users", filter=f'userName eq "{OLA}"')["Resources"]
    school.patch(
        f"/Users/{ola['id']}",
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "a@sp12.example.pl"},
    )
    assert names(school.read("/Users", sortBy="emails.value")) == [OLA, JAN, MARIA]


def test_3_4_2_3_the_absent_value_is_last_up_and_first_down(school: Sandbox) -> None:
    """Red when: ``_order`` in ``searches.py`` puts ``nulls_first()`` upwards."""
    assert names(school.read("/Users", sortBy="title")) == [MARIA, JAN, OLA]
    down = names(school.read("/Users", sortBy="title", sortOrder="descending"))
    assert down == [OLA, JAN, MARIA]


def test_3_4_2_4_a_page_is_no_larger_than_asked_for(school: Sandbox) -> None:
    """Red when: ``check_search`` takes a ``count`` of 0 for 1."""
    for query, expected in (
        ({"startIndex": 1, "count": 2}, [JAN, OLA]), ({"startIndex": 3, "count": 2}, [MARIA]),
        ({"startIndex": 0, "count": 1}, [JAN]), ({"startIndex": -7, "count": 1}, [JAN]),
        ({"count": 0}, []), ({"count": -1}, []), ({}, [JAN, OLA, MARIA]),
        ({"startIndex": 9}, []),
    ):  # fmt: skip
        page = school.read("/Users", **query)
        assert (names(page), page["totalResults"]) == (expected, 3), query
        assert page["itemsPerPage"] == len(expected)
        assert page["startIndex"] == max(1, query.get("startIndex", 1))


def test_3_4_2_5_both_lists_of_attributes_are_taken(school: Sandbox) -> None:
    """Red when: ``from_query`` leaves ``excludedAttributes`` unread."""
    for path in ("/Users", ""):
        for each in school.read(path, attributes="displayName,userName")["Resources"]:
            assert each.keys() <= {"schemas", "id", "displayName", "userName"}
        for each in school.read(path, excludedAttributes="displayName,id,emails")["Resources"]:
            assert {"schemas", "id", "meta"} <= each.keys()
            assert not {"displayName", "emails"} & each.keys()


def test_3_4_3_a_search_by_post_is_the_query_by_get(school: Sandbox) -> None:
    """Red when: ``from_search_request`` leaves ``sortBy`` unread."""
    body = {
        "schemas": [SEARCH_REQUEST], "filter": 'displayName co "a"', "startIndex": 2, "count": 2,
        "attributes": ["displayName", "userName"], "sortBy": "displayName",
        "sortOrder": "descending",
    }  # fmt: skip
    query = {**body, "attributes": "displayName,userName"}
    for path in ("", "/Users", "/Groups"):
        by_post = school.post(f"{path}/.search", body)
        assert by_post.status_code == 200
        assert json.loads(by_post.data) == school.read(path, **query)
    left = {"schemas": [SEARCH_REQUEST], "excludedAttributes": ["id", "meta"]}
    for each in json.loads(school.post("/Users/.search", left).data)["Resources"]:
        assert "id" in each
        assert "meta" not in each


def test_3_4_3_a_search_is_named_as_one(school: Sandbox) -> None:
    """Red when: ``from_search_request`` takes any list of ``schemas``."""
    for schemas in ([], [LIST_RESPONSE], [USER]):
        body = {"schemas": schemas, "count": 1}
        fails(school.post("/Users/.search", body), 400, "invalidSyntax")
    for wrong, kind in (
        ({"filter": "userName"}, "invalidFilter"), ({"sortBy": "a b"}, "invalidPath"),
        ({"count": "1"}, "invalidValue"), ({"attributes": 1}, "invalidValue"),
    ):  # fmt: skip
        fails(school.post("/Users/.search", {"schemas": [SEARCH_REQUEST], **wrong}), 400, kind)
    assert school.get("/Users/.search").status_code == 405
    assert names(school.read("/Users")) == [JAN, OLA, MARIA]
