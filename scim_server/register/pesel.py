"""PESEL, the national identification number: recognised in order to be refused.

The number is eleven digits: birth date (year, month, day; the month also tells the century),
four digits of a serial number and sex, and a check digit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
_CENTURIES = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}
# A plus sign before the digits says that they are a telephone number.
_ELEVEN_DIGITS = re.compile(r"(?<![0-9+])[0-9]{11}(?![0-9])")


def is_pesel(text: str, today: date) -> bool:
    """Whether ``text`` is a PESEL: eleven ASCII digits, a birth date before ``today``, checksum."""
    if not is_eleven_digits(text):
        return False
    digits = [int(digit) for digit in text]
    total = sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=False))
    if (10 - total % 10) % 10 != digits[10]:
        return False
    century, month = divmod(int(text[2:4]), 20)
    try:
        born = date(_CENTURIES[century] + int(text[:2]), month, int(text[4:6]))
    except ValueError:
        return False
    return born < today


def holds_pesel(text: str, today: date) -> bool:
    """Whether a PESEL stands anywhere in ``text`` as a number of its own."""
    return any(is_pesel(found, today) for found in _ELEVEN_DIGITS.findall(text))


def is_eleven_digits(text: str) -> bool:
    """Whether ``text`` has the outer shape of a PESEL."""
    return len(text) == 11 and text.isascii() and text.isdigit()


@dataclass(slots=True)
class KeyShare:
    """How many of a key column's eleven-digit values look like a PESEL.

    The checksum and the date fit up to a tenth of arbitrary eleven-digit numbers, so a run of
    numeric keys shows a few; a column that was filled with PESEL numbers shows nearly all.
    """

    today: date
    eleven_digits: int = 0
    pesel: int = 0

    def count(self, value: str) -> None:
        """Take one value of the column into account."""
        if is_eleven_digits(value):
            self.eleven_digits += 1
            self.pesel += is_pesel(value, self.today)

    @property
    def is_by_chance(self) -> bool:
        """Whether under 20 % of the eleven-digit values look like a PESEL."""
        return self.pesel == 0 or self.pesel * 5 < self.eleven_digits
