"""A push in a process of its own that kills itself: ``python -m tests.inbound.killed``.

Arguments: the database's address, the seconds since 1970 that its clock shows, and after how many
steps (each commit, and each call before it leaves and after its answer) it ends without warning;
then ``anything`` where no guard is to keep it from taking away.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import event

from scim_server.database import open_database
from scim_server.inbound.pushing import Choices, push_of
from scim_server.inbound.running import Surroundings
from scim_server.inbound.transport import Answer, Network
from tests.school import AUDIT_KEYS


class Fuse:
    def __init__(self, steps: int) -> None:
        self._left = steps

    def step(self, *_: object) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(database_url: str, now: float, steps: int, *, anything: bool) -> None:
    fuse, network = Fuse(steps), Network()
    database = open_database(database_url, audit_keys=AUDIT_KEYS)
    event.listen(database.main, "commit", fuse.step)

    def transport(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        fuse.step()
        answer = network(method, url, headers, body)
        fuse.step()
        return answer

    around = Surroundings(
        lambda: datetime.fromtimestamp(now, UTC), transport, lambda _: None, lambda: 0.5
    )
    choices = Choices(
        actor="os:test", max_deactivated_percent=10, allow_deactivations=anything
    )  # fmt: skip
    push_of(database, "sp12", around).run(choices, lambda _: None)
    network.close()
    database.close()


if __name__ == "__main__":
    main(
        sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), anything="anything" in sys.argv[4:]
    )  # fmt: skip
