"""What the writes aim at, for the speed that the machine has in the very run.

An aim was set beside the rate of a prototype that did the least work possible. Both were measured
in one place; in another one, or with others at work on the machine, the aim moves with the floor.
"""

from __future__ import annotations

_BIG_GROUP = {1: (4_400, 2_200), 8: (5_550, 2_700)}

AIMS = {
    "user_post": {1: (2_750, 1_800), 8: (3_500, 2_200)},
    "user_patch_active": {1: (3_230, 2_000), 8: (3_960, 2_500)},
    "user_patch_entra": {1: (3_160, 1_800), 8: (3_800, 2_200)},
    "user_put": {1: (3_300, 1_800), 8: (3_900, 2_200)},
    "group_add_one": {1: (5_080, 2_500), 8: (6_920, 3_000)},
    "group_remove_one": {1: (4_340, 2_500), 8: (5_570, 3_000)},
    "big_group_add_one, 10,000": _BIG_GROUP,
    "big_group_remove_one, 10,000": _BIG_GROUP,
    "big_group_add_one, 50,000": _BIG_GROUP,
    "big_group_remove_one, 50,000": _BIG_GROUP,
    "delta_page_100, after writes": {1: (1_780, 1_200), 8: (1_990, 1_200)},
}
"""By operation and connections: the prototype's requests a second, and those aimed at."""


def aim(operation: str, connections: int, floor: float) -> float | None:
    """The requests a second aimed at where the floor behind Flask makes ``floor``, or none."""
    figures = AIMS.get(operation, {}).get(connections)
    return None if figures is None else figures[1] * floor / figures[0]
