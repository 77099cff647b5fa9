"""How the text of a cell is cleaned before any rule looks at it."""

from __future__ import annotations

import re
import unicodedata

# Controls, line and paragraph separators, and what prints nothing or turns the text around:
# a key or a login with one of these looks right and never matches.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]"
)


def clean(cell: str) -> str:
    """``cell`` in NFC, trimmed, with each run of inner white space as one space."""
    if cell.isascii():
        return " ".join(cell.split())
    return " ".join(unicodedata.normalize("NFC", cell).split())


def has_hidden_characters(cell: str) -> bool:
    """Whether ``cell`` holds a control character or one that can't be seen."""
    return not cell.isprintable() and _HIDDEN.search(cell) is not None
