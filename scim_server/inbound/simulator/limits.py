"""How often bulkUpload may be called: 40 times in 5 seconds, and a quota in 24 hours.

Refused calls count, too, as Microsoft's guidance on throttling says: who doesn't wait, waits
longer.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

BURST, BURST_SECONDS = 40, 5
DAY_SECONDS = 86_400


class Window:
    """At most ``limit`` calls within any ``seconds``."""

    def __init__(self, limit: int, seconds: int, calls: Iterable[datetime] = ()) -> None:
        self.limit = limit
        self._span = timedelta(seconds=seconds)
        self.calls = deque(calls)

    def count(self, now: datetime) -> int:
        """Count a call: 0 where it is within the limit, or the whole seconds to wait."""
        while self.calls and self.calls[0] <= now - self._span:
            self.calls.popleft()
        self.calls.append(now)
        if len(self.calls) <= self.limit:
            return 0
        # The next one is let in once fewer than the limit are left of those so far.
        free = self.calls[-self.limit] + self._span - now
        return max(1, math.ceil(free.total_seconds()))
