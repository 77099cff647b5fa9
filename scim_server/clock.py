"""The one source of time: code that needs it takes a :class:`Clock`; tests pass a moved one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present moment, always aware and in UTC."""


def system_clock() -> datetime:
    """The machine's own clock."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """``moment`` as a SCIM dateTime in UTC of a fixed width, so that stamps sort as text.

    RFC 7643 §2.3.5 asks for an ``xsd:dateTime``; six digits of a second are always written:
    ``2026-11-24T13:16:00.000000Z``.
    """
    # Not by strftime, which writes years before 1000 shorter.
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def moment(text: str) -> datetime:
    """The moment that :func:`stamp` wrote."""
    return datetime.fromisoformat(text)
