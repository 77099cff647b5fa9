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


def display_names(groups: Iterable[Nameable], *, name_schools: bool) -> dict[str, str]:
    """The display name of each group by its key.

    ``name_schools`` adds the school to each, which a unit of several schools wants: the name of
    one school's group must not change with what another school teaches. Groups that share a name
    even so get their key added in parentheses.
    """
    names = {
        group.key: f"{group.name} – {group.school}" if name_schools else group.name
        for group in groups
    }
    still_shared = Counter(fold(name) for name in names.values())
    return {
        key: f"{name} ({key})" if still_shared[fold(name)] > 1 else name
        for key, name in names.items()
    }


def fold(name: str) -> str:
    """The form in which two display names are the same name."""
    return unicodedata.normalize("NFC", name).lower()
