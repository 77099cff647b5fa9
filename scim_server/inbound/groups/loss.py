"""Groups that Entra doesn't have any longer, or not everywhere yet."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from scim_server.clock import moment
from scim_server.inbound.groups import made

_SETTLING = timedelta(minutes=15)
"""So long after it was made, a group may still be unknown to some of Entra's machines."""


class Loss:
    """Of one push. ``lost`` were deleted there by somebody; ``left`` are for a later push. Both
    name groups by ``seq``.
    """

    def __init__(self, unit_id: int) -> None:
        self._unit_id = unit_id
        self.lost: list[int] = []
        self.left: set[int] = set()

    def note(self, connection: Connection, seq: int, accepted: str | None, now: datetime) -> None:
        """Note that Entra answered that there is no such group, which it took at ``accepted``."""
        if is_young(accepted, now):
            self.left.add(seq)
        else:
            made.lose(connection, self._unit_id, seq, now)
            self.lost.append(seq)

    def __contains__(self, seq: int) -> bool:
        return seq in self.left or seq in self.lost


def is_young(accepted: str | None, now: datetime) -> bool:
    """Whether a group that Entra took then may be unknown there still."""
    return accepted is None or now - moment(accepted) < _SETTLING
