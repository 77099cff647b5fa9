"""The members of a group are a set, in whatever form a change of them is asked for.

After every request all that is served is compared with Python's own sets, and every version with
what changed.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzzing.budget import examples
from tests.fuzzing.random_members import (
    START,
    STRANGERS,
    Directory,
    Operation,
    Step,
    changes,
    histories,
)
from tests.sandbox import PATCH_OP, Sandbox

Resources = dict[str, dict[str, Any]]

REFUSED = (
    {"op": "remove"},
    {"op": "add", "path": "members", "value": [{"display": "7a"}]},
    {"op": "replace", "path": "members", "value": 7},
    {"op": "replace", "path": 'members[value eq "nobody"]', "value": {"value": "«ewa»"}},
    {"op": "remove", "path": "members[value eq]"},
    {"op": "remove", "path": 'members[nobody eq "«ewa»"]'},
    {"op": "replace", "path": 'members[value eq "«anna»"].value', "value": "«ewa»"},
    {"op": "remove", "path": "displayName"},
)
STATUSES = {"POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}


class Marked:
    """A sandbox in which ids are known by marks."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.base = sandbox.base
        for id, each in self._listed().items():
            sandbox.delete(f"/{each['meta']['resourceType']}s/{id}")
        self._ids = {mark: mark.strip("«»").replace(" ", "-") for mark in STRANGERS}
        for mark, name in START.users.items():
            self._ids[mark] = sandbox.user(name, displayName=name)["id"]
        for mark, name in START.groups.items():
            members = [self._ids[each] for each in START.members[mark]]
            self._ids[mark] = sandbox.group(name, *members)["id"]

    def send(self, method: str, path: str, body: Any, made: str = "") -> tuple[int, Any]:
        """The status and body of the answer, with marks for ids."""
        if method == "PATCH":
            body = {"schemas": [PATCH_OP], "Operations": body}
        answer = self._sandbox.request(method, self._real(path), json.loads(self._real(body)))
        if made:
            self._ids[made] = json.loads(answer.data)["id"]
        return answer.status_code, json.loads(self._marks(answer.get_data(as_text=True) or "null"))

    def everything(self) -> Resources:
        """All that is served, by marks."""
        found: Resources = json.loads(self._marks(json.dumps(self._listed())))
        return found

    def _listed(self) -> Resources:
        return {each["id"]: each for each in self._sandbox.read("/", count=1000)["Resources"]}

    def _real(self, value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for mark, id in self._ids.items():
            text = text.replace(mark, id)
        return text

    def _marks(self, text: str) -> str:
        for mark, id in self._ids.items():
            text = text.replace(f'"{id}"', f'"{mark}"').replace(f'/{id}"', f'/{mark}"')
        return text


def test_members_are_a_set_in_every_form_of_change(sandbox: Sandbox) -> None:
    @examples(40)
    @given(histories())
    def check(history: list[Step]) -> None:
        marked = Marked(sandbox)
        before = marked.everything()
        assert_served(before, START, marked.base)
        for step in history:
            status, body = marked.send(step.method, step.path, step.body, step.made)
            assert status == STATUSES[step.method]
            after = marked.everything()
            assert_served(after, step.after, marked.base)
            assert_versions(before, after)
            if body is not None:
                assert body == after[body["id"]]
            before = after

    check()


def test_a_refused_change_leaves_the_members_as_they_were(sandbox: Sandbox) -> None:
    @examples(30)
    @given(changes(START, START.members["«7a»"]), st.sampled_from(REFUSED))
    def check(made: tuple[list[Operation], frozenset[str]], refused: Operation) -> None:
        marked = Marked(sandbox)
        before = marked.everything()
        status, _ = marked.send("PATCH", "/Groups/«7a»", [*made[0], refused])
        assert status == 400
        assert marked.everything() == before

    check()


def assert_served(found: Resources, expected: Directory, base: str) -> None:
    assert found.keys() == {*expected.users, *expected.groups}
    for group, members in expected.members.items():
        listed = found[group].get("members", [])
        assert len(listed) == len(members)
        assert {each["value"] for each in listed} == members
        for each in listed:
            assert each == as_member(each["value"], expected, base)
    for user in expected.users:
        listed = found[user].get("groups", [])
        assert len(listed) == len(expected.holders(user))
        assert {each["value"] for each in listed} == expected.holders(user)


def as_member(mark: str, expected: Directory, base: str) -> dict[str, str]:
    """What a group lists: of whom nobody knows, only what was sent."""
    kind = expected.kind(mark)
    if kind is None:
        return {"value": mark}
    name = expected.users.get(mark) or expected.groups[mark]
    return {"value": mark, "type": kind, "$ref": f"{base}/{kind}s/{mark}", "display": name}


def assert_versions(before: Resources, after: Resources) -> None:
    """A version moves with whom a group lists, and with the groups that a user is in."""
    for mark in before.keys() & after.keys():
        old, new = before[mark], after[mark]
        has_moved = old["meta"]["version"] != new["meta"]["version"]
        assert has_moved == (_listed_ids(old) != _listed_ids(new)), (old, new)


def _listed_ids(resource: dict[str, Any]) -> set[str]:
    name = "members" if resource["meta"]["resourceType"] == "Group" else "groups"
    return {each["value"] for each in resource.get(name, ())}
