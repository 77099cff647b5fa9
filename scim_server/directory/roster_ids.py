"""The ids of a roster: those that the store has, without hyphens.

School Data Sync names the group of a class ``Section_`` and its id, and takes nothing but letters
and digits there (Microsoft's list of its errors). All ids are like that, so that nobody has to tell
two kinds apart. An enrolment's is its class's and then its person's.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func

LENGTH = 32
_AFTER_A_HYPHEN = (8, 12, 16, 20)


def roster_id(id: str) -> str:
    """What a roster calls the UUID ``id``."""
    return id.replace("-", "")


def roster_ids(ids: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same of a column."""
    return func.replace(ids, "-", "")


def as_stored(text: str) -> str:
    """``text`` with the hyphens of one UUID after another, as far as it goes.

    Whatever a client compares with an id of a roster, this compares alike with what is stored:
    where hyphens come depends on the place alone, so order and equality stay as they were.
    """
    return "".join(
        f"-{each}" if place % LENGTH in _AFTER_A_HYPHEN else each for place, each in enumerate(text)
    )
