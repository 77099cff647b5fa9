"""Display names of groups: readable, unique in the unit, and the same whatever the row order.

Entra ID wants the display name of every group to be unique.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from scim_server.register.records import Group

MAX_DISPLAY_NAME = 256


class Nameable(NamedTuple):
    """What the name of one group is made from."""

    key: str
    name: str
    school: str


def nameable(group: Group) -> Nameable:
    """``group`` with the name it has if no other group has it: subject – classes name – year."""
    place = " ".join(filter(None, ("/".join(group.classes), group.group_name)))
    name = f"{group.subject} – {place} – {group.school_year}"
    return Nameable(group.key, name, group.school)


def display_names(groups: Iterable[Nameable]) -> dict[str, str]:
    """The display name of each group by its key.

    Groups of different schools that share a name get their school added; those that still share
    one get their key added in parentheses.
    """
    named = list(groups)
    shared = Counter(fold(group.name) for group in named)
    at_home = Counter((fold(group.name), group.school) for group in named)

    def with_school(group: Nameable) -> str:
        folded = fold(group.name)
        only_at_home = shared[folded] == at_home[folded, group.school]
        return group.name if only_at_home else f"{group.name} – {group.school}"

    names = {group.key: with_school(group) for group in named}
    still_shared = Counter(fold(name) for name in names.values())
    return {
        key: f"{name} ({key})" if still_shared[fold(name)] > 1 else name
        for key, name in names.items()
    }


def fold(name: str) -> str:
    """The form in which two display names are the same name."""
    return unicodedata.normalize("NFC", name).lower()
