"""What may be done with a unit beside reading it: all that sets its kinds apart, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Policy:
    """How a unit answers those who would write it.

    ``refusal`` is the reason why nobody may, or empty. ``takes_unknown_members`` tells whether a
    group may list an id that the unit has no resource of; ``shows_patched`` whether a PATCH is
    answered with the resource (200) or without (204); ``me`` is the id of the user that ``/Me``
    stands for, or empty.
    """

    refusal: str = ""
    takes_unknown_members: bool = True
    shows_patched: bool = True
    has_unique_groups: bool = False
    me: str = ""


SANDBOX = Policy()
"""A sandbox whose operator has chosen nothing else."""

_REGISTER = Policy(
    refusal="This unit publishes the school's register, which is changed in UONET+ alone: nothing "
    "flows back. Use a sandbox unit to try writing."
)


def policy_of(kind: str, settings: Mapping[str, Any]) -> Policy:
    """The policy of a unit of ``kind`` with its own ``settings``."""
    if kind == "register":
        return _REGISTER
    return Policy(
        takes_unknown_members=settings.get("unknown_members", "accept") == "accept",
        shows_patched=settings.get("patch_answers", 200) == 200,
        has_unique_groups=settings.get("group_names", "any") == "unique",
        me=settings.get("me", ""),
    )
