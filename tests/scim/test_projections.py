"""``attributes`` and ``excludedAttributes`` (RFC 7644 §3.9), and what they spare the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scim_server.database.reading import Reader
from tests.school import World
from tests.scim.answers import fails

EXTENSION = "urn:scim-server:schemas:uonet:1.0:Group"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The SQL that the readers run meanwhile."""
    seen: list[str] = []
    run = Reader._run

    def recorded(self, prepared, parameters):  # type: ignore[no-untyped-def]
        seen.append(prepared.text)
        return run(self, prepared, parameters)

    with monkeypatch.context() as patched:
        patched.setattr(Reader, "_run", recorded)
        yield seen


def test_id_and_schemas_always_come(world: World) -> None:
    path = f"/Users/{world.id_of('U-1')}"
    whole = world.list(path)
    for names in ("userName", "nope", "nope,, ,", "id", "schemas", "meta.nope", "a b", "é"):
        assert {"id", "schemas"} <= set(world.list(path, attributes=names))
    cut = world.list(path, excludedAttributes="id,schemas,userName,ID,SCHEMAS")
    assert cut == {name: value for name, value in whole.items() if name != "userName"}
    assert world.list(path, attributes="nope") == {n: whole[n] for n in ("schemas", "id")}


def test_an_empty_list_of_names_is_none(world: World) -> None:
    path = f"/Users/{world.id_of('U-1')}"
    for query in ({"attributes": ""}, {"attributes": ","}, {"excludedAttributes": " , "}):
        assert world.list(path, **query) == world.list(path)


def test_only_what_is_named_comes(world: World) -> None:
    path = f"/Users/{world.id_of('U-1')}"
    whole = world.list(path)
    always = {"schemas": whole["schemas"], "id": whole["id"]}
    assert world.list(path, attributes="userName") == always | {"userName": whole["userName"]}
    assert world.list(path, attributes="NAME.givenname, emails.type") == always | {
        "name": {"givenName": "Żaneta"},
        "emails": [{"type": "home"}],
    }
    assert world.list(path, attributes="name,name.givenName") == always | {"name": whole["name"]}
    assert world.list(path, attributes="groups.value,meta.version") == always | {
        "groups": [{"value": each["value"]} for each in whole["groups"]],
        "meta": {"version": whole["meta"]["version"]},
    }


def test_an_extension_is_named_by_its_urn(world: World) -> None:
    path = f"/Groups/{world.id_of('G-2')}"
    whole = world.list(path)
    found = world.list(path, attributes=f"{EXTENSION}:subject")
    assert found == {
        "schemas": [GROUP, EXTENSION],
        "id": whole["id"],
        EXTENSION: {"subject": "Język angielski"},
    }
    assert world.list(path, attributes=EXTENSION.upper())[EXTENSION] == whole[EXTENSION]
    assert world.list(path, attributes=f"{GROUP}:displayName") == {
        "schemas": [GROUP], "id": whole["id"], "displayName": whole["displayName"],
    }  # fmt: skip
    without = world.list(path, excludedAttributes=EXTENSION)
    assert without["schemas"] == [GROUP]
    assert EXTENSION not in without
    kept = world.list(path, excludedAttributes=f"{EXTENSION}:subject,subject")[EXTENSION]
    assert kept == {n: value for n, value in whole[EXTENSION].items() if n != "subject"}


def test_both_lists_at_once_are_refused(world: World) -> None:
    both = {"attributes": "id", "excludedAttributes": "name"}
    for path in ("/Users", f"/Users/{world.id_of('U-1')}", ""):
        fails(world.get(path, query_string=both), 400, "invalidValue")


def test_what_is_not_returned_may_still_be_filtered_and_sorted_by(world: World) -> None:
    found = world.list(
        "/Users", attributes="id", filter='groups.display co "fizyka"', sortBy="userName"
    )
    assert found["totalResults"] == 4
    assert all(set(each) == {"schemas", "id"} for each in found["Resources"])


def test_without_members_no_membership_is_touched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``Projection.collections`` is true for a projection without members or groups."""
    group, user = f"/Groups/{world.id_of('G-1')}", f"/Users/{world.id_of('U-1')}"
    asked = (
        (group, {"excludedAttributes": "members"}),
        (group, {"excludedAttributes": "MEMBERS,displayName"}),
        (group, {"excludedAttributes": f"{GROUP}:members"}),
        (group, {"attributes": "displayName"}),
        (group, {"attributes": "nope"}),
        ("/Groups", {"excludedAttributes": "members"}),
        ("/Groups", {"excludedAttributes": "members", "filter": 'displayName co "mat"'}),
        ("/Groups", {"excludedAttributes": "members", "cursor": "", "sortBy": "displayName"}),
        ("/Groups", {"attributes": "externalId", "count": "1", "startIndex": "2"}),
        (user, {"excludedAttributes": "groups"}),
        ("/Users", {"attributes": "userName,name"}),
        ("", {"excludedAttributes": "groups,members"}),
        ("", {"attributes": "displayName"}),
    )
    for path, query in asked:
        with statements(monkeypatch) as seen:
            body = str(world.list(path, **query))
        assert seen
        assert not [text for text in seen if "membership" in text or "reference" in text], query
        assert "'members'" not in body
        assert "'groups'" not in body
    with statements(monkeypatch) as seen:
        world.list(group, attributes="members.value")
    assert [text for text in seen if "membership" in text]


def test_a_hot_read_is_one_or_two_statements(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Besides the two that look up the token."""
    user = world.id_of("U-1")
    for path, query, most in (
        (f"/Users/{user}", {}, 1),
        ("/Users", {}, 2),
        ("/Users", {"startIndex": "5", "count": "2"}, 2),
        ("/Users", {"filter": 'userName eq "jan.zolc@sp12.example.pl"'}, 1),
        ("/Users", {"count": "0"}, 1),
        ("/Groups", {"filter": f'members eq "{user}"'}, 1),
    ):
        with statements(monkeypatch) as seen:
            world.list(path, **query)
        assert len([text for text in seen if "access_token" not in text]) <= most + 1, path
