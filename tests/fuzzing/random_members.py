"""Requests at random that change who is in which group, and Python sets that tell who then is.

Ids stand as marks such as ``«anna»`` until the server has given real ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from tests.sandbox import GROUP

Operation = dict[str, Any]
Members = dict[str, frozenset[str]]

STRANGERS = frozenset({"«stranger»", "«other stranger»"})


_FORMS = (*("add", "replace", "remove", "selected") * 2, "everybody", "nobody")


@dataclass(frozen=True)
class Directory:
    """The displayName of each user and group by its mark, and the members of each group."""

    users: dict[str, str]
    groups: dict[str, str]
    members: Members

    @property
    def everybody(self) -> frozenset[str]:
        """Whoever exists, did once, or never will."""
        return STRANGERS.union(self.users, self.groups, *self.members.values())

    def kind(self, mark: str) -> str | None:
        return "User" if mark in self.users else "Group" if mark in self.groups else None

    def holders(self, mark: str) -> set[str]:
        """The groups that list it."""
        return {group for group, members in self.members.items() if mark in members}

    def without(self, gone: str) -> Directory:
        left = {group: each - {gone} for group, each in self.members.items() if group != gone}
        users = {mark: name for mark, name in self.users.items() if mark != gone}
        groups = {mark: name for mark, name in self.groups.items() if mark != gone}
        return Directory(users, groups, left)

    def having(self, group: str, members: frozenset[str]) -> Directory:
        groups = self.groups if group in self.groups else {**self.groups, group: "8c"}
        return replace(self, groups=groups, members={**self.members, group: members})


START = Directory(
    users={"«anna»": "Anna", "«ewa»": "anna b", "«żaneta»": "Żaneta"},
    groups={"«7a»": "7a", "«7b»": "7b"},
    members={"«7a»": frozenset({"«anna»", "«ewa»"}), "«7b»": frozenset({"«7a»", "«stranger»"})},
)


@dataclass(frozen=True)
class Step:
    """A request, and what there is after it. ``made`` is the mark of what it creates."""

    method: str
    path: str
    body: Any
    after: Directory
    made: str = ""


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """A few requests, one after another, to what there is at the start."""
    steps: list[Step] = []
    before = START
    for number in range(draw(st.integers(1, 6))):
        steps.append(draw(_steps(before, f"«new {number}»")))
        before = steps[-1].after
        if not before.groups:
            break
    return steps


@st.composite
def _steps(draw: st.DrawFn, before: Directory, made: str) -> Step:
    group = draw(st.sampled_from(sorted(before.groups)))
    path = f"/Groups/{group}"
    match draw(st.sampled_from(("PATCH",) * 6 + ("PUT", "POST", "DELETE"))):
        case "PUT":
            chosen = draw(some(before))
            body = _body(before.groups[group], chosen)
            return Step("PUT", path, body, before.having(group, chosen))
        case "POST":
            chosen = draw(some(before))
            return Step("POST", "/Groups", _body("8c", chosen), before.having(made, chosen), made)
        case "DELETE":
            gone = draw(st.sampled_from(sorted({*before.users, *before.groups})))
            return Step("DELETE", f"/{before.kind(gone)}s/{gone}", None, before.without(gone))
    operations, members = draw(changes(before, before.members[group]))
    return Step("PATCH", path, operations, before.having(group, members))


@st.composite
def changes(
    draw: st.DrawFn, before: Directory, members: frozenset[str]
) -> tuple[list[Operation], frozenset[str]]:
    """One to three operations, and the members that they leave."""
    operations = []
    for _ in range(draw(st.integers(1, 3))):
        operation, members = draw(_operations(before, members))
        operations.append(operation)
    return operations, members


@st.composite
def _operations(
    draw: st.DrawFn, before: Directory, members: frozenset[str]
) -> tuple[Operation, frozenset[str]]:
    path = draw(st.sampled_from(("members", "members", "MEMBERS", f"{GROUP}:members")))
    chosen = draw(some(before))
    form = draw(st.sampled_from(_FORMS))
    if form == "selected":
        selected, inside = draw(st.sampled_from(list(_selections(before, chosen))))
        return {"op": "remove", "path": f"{path}[{inside}]"}, members - selected
    if form == "everybody":
        op, is_listed = draw(st.sampled_from((("remove", False), ("replace", True))))
        return {"op": op, "path": path, **({"value": []} if is_listed else {})}, frozenset()
    if form == "nobody":
        op = draw(st.sampled_from(("add", "remove")))
        return {"op": op, "path": path, "value": []}, members
    value: Any = draw(st.permutations([{"value": mark} for mark in sorted(chosen)]))
    made: Operation = {"op": draw(st.sampled_from((form, form.title())))}
    if form == "remove":
        value = [{"$ref": None, **each} for each in value]
        return {**made, "path": path, "value": value}, members - chosen
    left = members | chosen if form == "add" else chosen
    if len(value) == 1:
        value = draw(st.sampled_from((value, value[0], [*value, *value])))
    if draw(st.booleans()):
        return {**made, "value": {path: value}}, left
    return {**made, "path": path, "value": value}, left


def _selections(of: Directory, chosen: frozenset[str]) -> Iterator[tuple[frozenset[str], str]]:
    """Value filters, each with everybody whom it selects."""
    everybody = of.everybody
    if chosen:
        listed = " or ".join(f'value eq "{mark}"' for mark in sorted(chosen))
        yield chosen, listed
        yield everybody - chosen, f"not ({listed})"
    for mark in sorted(chosen):
        yield everybody - {mark}, f'value ne "{mark}"'
        yield frozenset(), f'value eq "{mark}" and value eq "nobody"'
    names = {**of.users, **of.groups}
    yield everybody & of.users.keys(), 'type eq "user"'
    yield everybody - of.users.keys(), 'not (type eq "User")'
    yield everybody & names.keys(), "display pr"
    yield everybody & {"«anna»", "«ewa»"} & names.keys(), 'display sw "Anna"'
    yield everybody, "value pr"


def some(of: Directory) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(sorted(of.everybody)), max_size=3)


def _body(name: str, members: frozenset[str]) -> dict[str, Any]:
    listed = {"members": [{"value": mark} for mark in sorted(members)]} if members else {}
    return {"schemas": [GROUP], "displayName": name, **listed}
