"""What Entra made of the records: its provisioning log, read and joined to people by their key.

Of an entry a status, a code and a time are kept. Names, logins and what changed stay there; a
login that an account gave up is looked for among those that failed for it, and forgotten.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from scim_server.clock import Clock, moment, stamp
from scim_server.database import Database
from scim_server.directory.units import Unit
from scim_server.errors import NotPushed
from scim_server.inbound import people as store
from scim_server.inbound.graph import Graph
from scim_server.inbound.session import TryAgain
from scim_server.inbound.tables import inbound

_LATE = timedelta(minutes=30)
"""How long after its own time an entry may still appear."""

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_UNKNOWN_CODE = "Unknown"
_LOGIN = "userprincipalname"
_WHOLE_SECONDS = re.compile(r"(\.\d+)")


@dataclass(frozen=True, slots=True)
class Entry:
    """``result`` is created, updated, skipped or failed; ``code`` is Microsoft's. ``given_up`` is
    the login that the account had before.
    """

    key: str
    at: datetime
    result: str
    code: str | None
    given_up: str | None = None


def read_log(database: Database, unit: Unit, graph: Graph, clock: Clock) -> Counter[str]:
    """Read what was added since the last time, page by page, each in a transaction of its own.

    Those of the half hour before it are read again, for they appear late and out of order.
    Returns how many entries were read by their result. Raises
    :class:`~scim_server.errors.NotPushed` where the log can't be read.
    """
    found: Counter[str] = Counter()
    given_up: list[tuple[str, datetime]] = []
    with database.read() as connection:
        last = connection.scalar(select(inbound.c.log_read).where(inbound.c.unit_id == unit.id))
    since = None if last is None else moment(last) - _LATE
    began, page, is_first = clock(), None, True
    try:
        while is_first or page is not None:
            is_first = False
            graph.sign_in()
            values, page = graph.log_page(since, page)
            entries = [each for each in map(entry_of, values) if each is not None]
            with database.write() as connection:
                for each in sorted(entries, key=lambda each: each.at):
                    store.tell(
                        connection, unit.id, each.key, at=each.at, result=each.result,
                        code=each.code,
                    )  # fmt: skip
            found.update(each.result for each in entries)
            given_up += [(each.given_up, each.at) for each in entries if each.given_up]
    except TryAgain as again:
        raise NotPushed(
            f"The provisioning log can't be read now: {again}. Ask again later."
        ) from None
    with database.write() as connection:
        # Last: an earlier page holds what came later, and so the failure may stand on a later one.
        for login, at in given_up:
            store.free_login(connection, unit.id, login, at)
        read = {"log_read": stamp(began)}
        connection.execute(update(inbound).where(inbound.c.unit_id == unit.id).values(read))
    return found


def entry_of(value: Any) -> Entry | None:
    """What is kept of a ``provisioningObjectSummary``; none for what is about nobody of ours."""
    if not isinstance(value, Mapping):
        return None
    status = _within(value, "provisioningStatusInfo")
    key, at = _within(value, "sourceIdentity").get("id"), _time(value.get("activityDateTime"))
    if not isinstance(key, str) or not key or at is None:
        return None
    match status.get("status"):
        case "success" | "warning":
            is_new = value.get("provisioningAction") == "create"
            return Entry(key, at, "created" if is_new else "updated", None, _given_up(value))
        case "skipped":
            return Entry(key, at, "skipped", _code(status, None))
        case "failure":
            return Entry(key, at, "failed", _code(status, _UNKNOWN_CODE))
    return None


def _within(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


def _code(status: Mapping[str, Any], otherwise: str | None) -> str | None:
    code = _within(status, "errorInformation").get("errorCode")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else otherwise


def _given_up(value: Mapping[str, Any]) -> str | None:
    """The login before, where the entry tells of another one now."""
    changes = value.get("modifiedProperties")
    for each in changes if isinstance(changes, list) else ():
        if isinstance(each, Mapping) and str(each.get("displayName")).lower() == _LOGIN:
            old, new = each.get("oldValue"), each.get("newValue")
            if isinstance(old, str) and str(new).lower() != old.lower():
                return old
    return None


def _time(text: Any) -> datetime | None:
    """Graph writes seven digits of a second, or none."""
    try:
        return datetime.fromisoformat(_WHOLE_SECONDS.sub("", str(text))).astimezone(UTC)
    except ValueError:
        return None
