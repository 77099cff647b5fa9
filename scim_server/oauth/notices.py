"""What an administrator has to know about a client's secrets before it is too late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scim_server.directory.units import Unit
from scim_server.oauth.clients import Client
from scim_server.oauth.credentials import Secret
from scim_server.oauth.tokens import LastUse

DAYS = (1, 7, 14, 30, 90)
"""How many days before its end an administrator is warned of a secret that nothing replaces."""

_UNUSED_BEFORE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Notice:
    """``code`` and ``stage`` tell one notice from the next about the same secret; ``text`` is for
    a person.
    """

    code: str
    unit: str
    client_id: str
    secret: str
    stage: int
    text: str


def notices(
    of: Unit,
    clients: Sequence[Client],
    secrets: Sequence[Secret],
    uses: Mapping[str, LastUse],
    now: datetime,
) -> list[Notice]:
    """What is to be told now about the clients that are admitted and were given a secret.

    ``secrets`` are all that the unit's clients ever had; ``uses`` tells the last use of each.
    """
    found: list[Notice] = []
    for client in clients:
        own = [each for each in secrets if each.client_id == client.id]
        if own and not client.disabled:
            found += _of_client(of, client, own, uses, now)
    return found


def _of_client(
    of: Unit, client: Client, own: Sequence[Secret], uses: Mapping[str, LastUse], now: datetime
) -> Iterator[Notice]:
    live = [each for each in own if each.is_live(now)]
    if not live:
        last = own[-1]
        yield Notice(
            "credential.none", of.name, client.id, last.id, 0,
            f"The client {client.name} has no live secret: Microsoft's side is refused. Run: "
            f"scim-server credentials issue {of.name} --client {client.name}",
        )  # fmt: skip
        return
    lasting = max(live, key=lambda each: each.expires)
    days = -(-(lasting.expires - now) // timedelta(days=1))
    if stage := next((each for each in DAYS if days <= each), 0):
        yield Notice(
            "credential.expiring", of.name, client.id, lasting.id, stage,
            f"The secret {lasting.id} of {client.name} ends on {lasting.expires:%Y-%m-%d}, in "
            f"{days} day(s), and nothing replaces it. Run: "
            f"scim-server credentials rotate {of.name} --client {client.name}",
        )  # fmt: skip
    for old in live:
        ends_soon = old.superseded and old.expires - now <= _UNUSED_BEFORE
        if ends_soon and lasting is not old and uses[lasting.id].at is None:
            yield Notice(
                "credential.unused", of.name, client.id, lasting.id, 0,
                f"The new secret {lasting.id} of {client.name} was never used, and the old one "
                f"ends at {old.expires:%Y-%m-%d %H:%M} UTC. Enter the new one on Microsoft's "
                "side before.",
            )  # fmt: skip
