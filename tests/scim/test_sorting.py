"""``sortBy`` and ``sortOrder`` (RFC 7644 §3.4.2.3)."""

from __future__ import annotations

from tests.school import World
from tests.scim.answers import fails, keys


def test_a_list_is_sorted_by_the_folded_value(world: World) -> None:
    names = [
        each["displayName"] for each in world.list("/Users", sortBy="displayName")["Resources"]
    ]
    assert names == sorted(names, key=str.lower)
    down = world.list("/Users", sortBy="displayName", sortOrder="descending")["Resources"]
    assert [each["displayName"] for each in down] == names[::-1]


def test_every_spelling_of_the_attribute_sorts_alike(world: World) -> None:
    expected = keys(world.list("/Users", sortBy="name.familyName"))
    for spelling in (
        "NAME.FAMILYNAME", "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName",
        "URN:ietf:params:scim:schemas:core:2.0:user:Name.familyName",
    ):  # fmt: skip
        assert keys(world.list("/Users", sortBy=spelling)) == expected


def test_the_extension_sorts_by_its_urn(world: World) -> None:
    urn = "urn:scim-server:schemas:uonet:1.0:Group"
    assert keys(world.list("/Groups", sortBy=f"{urn}:subject")) == ["G-3", "G-2", "G-1"]
    assert keys(world.list("/Groups", sortBy=f"{urn}:classes")) == ["G-3", "G-1", "G-2"]


def test_the_absent_value_comes_last_ascending_and_first_descending(world: World) -> None:
    with_email = ["U-4", "U-1"]  # anna.kowalska@… before zaneta@…
    for attribute in ("emails", "emails.value"):
        up = keys(world.list("/Users", sortBy=attribute))
        down = keys(world.list("/Users", sortBy=attribute, sortOrder="descending"))
        assert up[:2] == with_email
        assert down == up[::-1]


def test_equal_values_keep_the_order_of_creation(world: World) -> None:
    assert keys(world.list("/Users", sortBy="active")) == keys(world.list("/Users"))
    assert (
        keys(world.list("/Users", sortBy="active", sortOrder="descending"))
        == keys(world.list("/Users"))[::-1]
    )


def test_at_the_root_a_type_without_the_attribute_is_sorted_as_absent(world: World) -> None:
    up = keys(world.list("", sortBy="userName"))
    assert up[-3:] == ["G-1", "G-2", "G-3"]
    assert up[:7] == keys(world.list("/Users", sortBy="userName"))
    assert keys(world.list("", sortBy="userName", sortOrder="descending")) == up[::-1]


def test_an_order_without_a_sort_changes_nothing(world: World) -> None:
    for order in ("descending", "ascending", "DESCENDING", ""):
        assert keys(world.list("/Users", sortOrder=order)) == keys(world.list("/Users"))
    assert keys(world.list("/Users", sortBy="")) == keys(world.list("/Users"))


def test_what_can_not_be_sorted_by_is_refused(world: World) -> None:
    for attribute in (
        "nope", "title", "name", "meta", "members", "emails.nope", "userName.x", "a b", "a:b",
        "urn:x:userName", "emails[type eq \"home\"]", "1", "$", "x" * 10_000, ".", "a.b.c",
        "urn:ietf:params:scim:schemas:core:2.0:User", "żółć", "userName,id", "userName;", "\0",
    ):  # fmt: skip
        fails(world.get("/Users", query_string={"sortBy": attribute}), 400, "invalidPath")
    for order in ("up", "asc", "desc", "descending ", "1"):
        query = {"sortBy": "userName", "sortOrder": order}
        fails(world.get("/Users", query_string=query), 400, "invalidValue")
