"""How the record shows that nobody altered it.

Each entry carries a keyed hash over itself and the hash before it, so that an entry can't be
edited, removed, moved or put in without the key. What no chain can show is that its end was cut
off: for that, its end is written elsewhere from time to time, as an anchor.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from scim_server.keys import Key, Keys

CHECKPOINT = "audit.checkpoint"
"""The action of an entry that vouches, under a new key, for all that stands before it."""

_ANCHOR = re.compile(r"\b([0-9]{1,18}):([0-9a-f]{64})\b")


class Anchor(NamedTuple):
    """The number of an entry and its hash; as text, ``57:9f86d0…``."""

    number: int
    mac: str

    def __str__(self) -> str:
        return f"{self.number}:{self.mac}"


class Entry(NamedTuple):
    """What of an entry its hash is made of."""

    number: int
    at: str
    action: str
    actor: str
    unit: str | None
    facts: dict[str, Any]


def seal(key: Key, before: str, entry: Entry) -> str:
    """The hash of ``entry`` where ``before`` is the one of the entry before it."""
    return hmac.digest(key.secret, before.encode() + _canonical(entry), hashlib.sha256).hex()


def anchors_in(text: str) -> list[Anchor]:
    """Every anchor in ``text``, which may be a file of them, or a log."""
    return [Anchor(int(number), mac) for number, mac in _ANCHOR.findall(text)]


@dataclass(slots=True)
class Findings:
    """What a verification found: nothing is wrong where there are no ``problems``.

    ``unchained`` entries were written before this program chained them; ``lost`` ones are under a
    key that was gone when a checkpoint began the chain anew, so that nobody can check what they
    were before it.
    """

    entries: int = 0
    unchained: int = 0
    lost: int = 0
    problems: list[str] = field(default_factory=list)


def verify(rows: Iterable[Mapping[str, Any]], keys: Keys, anchors: Iterable[Anchor]) -> Findings:
    """Follow the whole record, oldest first, and hold it against ``anchors``."""
    found, chain = Findings(), _Chain({each.id: each for each in keys})
    expected = dict(anchors)
    for row in rows:
        found.entries += 1
        found.unchained += row["mac"] is None
        found.problems += chain.follow(row)
        mac = expected.pop(row["number"], None)
        if mac is not None and mac != row["mac"]:
            found.problems.append(f"Entry {row['number']} isn't the one that was anchored.")
    found.problems += chain.end()
    found.lost = chain.lost
    found.problems += [
        f"Entry {number}, which was anchored, is missing: the end of the record was cut off."
        for number in sorted(expected)
    ]
    return found


class _Chain:
    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys = keys
        self._number, self._mac = 0, ""
        self._all = hashlib.sha256()
        self._unvouched: list[int] = []
        self.lost = 0

    def follow(self, row: Mapping[str, Any]) -> list[str]:
        entry = Entry(*(row[name] for name in Entry._fields))
        problems = []
        if self._mac and entry.number != self._number + 1:
            problems.append(f"Between entries {self._number} and {entry.number} some are missing.")
        if row["mac"] is None:
            if self._mac:
                problems.append(f"Entry {entry.number} has lost its hash.")
        elif (key := self._keys.get(row["key"])) is None:
            self._unvouched.append(entry.number)
        elif not hmac.compare_digest(seal(key, self._mac, entry), row["mac"]):
            problems.append(
                f"Entry {entry.number} was altered, or one before it was altered, removed or moved."
            )
        elif entry.action == CHECKPOINT:
            if entry.facts["digest"] != self._all.hexdigest():
                problems.append(f"Some entry before the checkpoint {entry.number} was altered.")
            if not entry.facts["verified"]:
                self.lost += len(self._unvouched)
            self._unvouched = []
        self._number, self._mac = entry.number, row["mac"] or ""
        _fold(self._all, row)
        return problems

    def end(self) -> list[str]:
        if not self._unvouched:
            return []
        first, last = self._unvouched[0], self._unvouched[-1]
        which = f"Entries {first} to {last} are under a master key that isn't given."
        return [f"{which} Set SCIM_PREVIOUS_MASTER_KEY_FILE to it."]


def digest_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """A hash without a key over whole entries, which a checkpoint then vouches for."""
    folded = hashlib.sha256()
    for row in rows:
        _fold(folded, row)
    return folded.hexdigest()


def _fold(folded: Any, row: Mapping[str, Any]) -> None:
    folded.update(_canonical(Entry(*(row[name] for name in Entry._fields))))
    folded.update(f"{row['mac']}\n".encode())


def _canonical(entry: Entry) -> bytes:
    return orjson.dumps(list(entry), option=orjson.OPT_SORT_KEYS)
