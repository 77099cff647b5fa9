"""The two versions of OneRoster: where each is served, and what its answers are like."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Version:
    """``bases`` are addresses below the unit, the usual one first. ``has_roles`` tells whether a
    person has a role at each org, and not one role and a list of orgs.
    """

    name: str
    bases: tuple[str, ...]
    has_roles: bool


V1P1 = Version("1.1", ("ims/oneroster/v1p1",), has_roles=False)
V1P2 = Version(
    "1.2",
    (
        "ims/oneroster/rostering/v1p2",
        "ims/oneroster/v1p2",
        "ims/oneroster/v1p2/rostering/v1p2",
    ),
    has_roles=True,
)
VERSIONS = (V1P1, V1P2)
