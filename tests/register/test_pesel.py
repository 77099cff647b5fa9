"""What counts as a PESEL."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_server.register.pesel import KeyShare, holds_pesel, is_pesel
from tests.register.made_up import TODAY, pesel

past = st.dates(date(1800, 1, 1), TODAY - timedelta(days=1))
serials = st.integers(0, 9999)


@given(past, serials)
def test_every_number_of_someone_born_before_today_is_a_pesel(born: date, serial: int) -> None:
    assert is_pesel(pesel(born, serial), TODAY)


@given(st.dates(TODAY, date(2299, 12, 31)), serials)
def test_a_birth_date_that_is_not_past_makes_no_pesel(born: date, serial: int) -> None:
    assert not is_pesel(pesel(born, serial), TODAY)


@given(past, serials, st.integers(1, 9))
def test_a_wrong_check_digit_makes_no_pesel(born: date, serial: int, error: int) -> None:
    number = pesel(born, serial)
    assert not is_pesel(number[:10] + str((int(number[10]) + error) % 10), TODAY)


@given(past, serials, st.integers(0, 9), st.integers(1, 9))
def test_the_checksum_sees_every_single_wrong_digit(
    born: date, serial: int, place: int, error: int
) -> None:
    number = pesel(born, serial)
    wrong = str((int(number[place]) + error) % 10)
    assert not is_pesel(number[:place] + wrong + number[place + 1 :], TODAY)


@pytest.mark.parametrize("century", [1800, 1900, 2000, 2100, 2200])
def test_the_month_tells_the_century(century: int) -> None:
    # Only the right century has this leap day in the right year.
    assert is_pesel(pesel(date(century + 4, 2, 29)), date(2300, 1, 1))
    first = date(century, 1, 1)
    assert not is_pesel(pesel(first), first)
    assert is_pesel(pesel(first), first + timedelta(days=1))


def _with_checksum(ten: str) -> str:
    return ten + str(-sum(w * int(d) for w, d in zip((1, 3, 7, 9) * 3, ten, strict=False)) % 10)


@pytest.mark.parametrize(
    "ten", ["0102291234", "0002291234", "0113011234", "0100101234", "0101001234"]
)
def test_a_day_that_never_was_makes_no_pesel(ten: str) -> None:
    assert not is_pesel(_with_checksum(ten), TODAY)


def test_a_pesel_has_eleven_ascii_digits() -> None:
    number = pesel(date(1980, 5, 6))
    for other in (number[1:], "0" + number, number.replace("8", "８"), f" {number}"):
        assert not is_pesel(other, TODAY)


@given(past, serials, st.sampled_from(["{}", "x {}", "nr {}.", "{}@example.com", "2A, {}"]))
def test_a_pesel_is_found_inside_a_text(born: date, serial: int, text: str) -> None:
    assert holds_pesel(text.format(pesel(born, serial)), TODAY)


@given(past, serials, st.sampled_from(["+{}", "1{}", "{}1"]))
def test_digits_of_a_longer_number_are_not_a_pesel(born: date, serial: int, text: str) -> None:
    assert not holds_pesel(text.format(pesel(born, serial)), TODAY)


@pytest.mark.parametrize(("hits", "others", "by_chance"), [(0, 0, True), (19, 81, True),
    (20, 80, False), (1, 0, False), (1, 5, True), (1, 4, False)])  # fmt: skip
def test_under_a_fifth_of_numeric_keys_may_look_like_a_pesel(
    hits: int, others: int, by_chance: bool
) -> None:
    share = KeyShare(TODAY)
    for value in (
        [pesel(date(1980, 5, 6))] * hits + ["99999999999"] * others + ["U-1", "U-123456789"]
    ):
        share.count(value)
    assert share.is_by_chance is by_chance
