"""Stamps sort as the moments do, whatever year a client asks about."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from scim_server.clock import moment, stamp
from tests.fuzzing.budget import examples


@examples(200)
@given(*2 * [st.datetimes(timezones=st.just(UTC))])
def test_stamps_sort_as_text_and_are_read_as_what_they_say(one: datetime, other: datetime) -> None:
    """Red when ``stamp`` writes a year before 1000 in fewer than four digits."""
    assert (stamp(one) < stamp(other)) is (one < other)
    assert moment(stamp(one)) == one


def test_a_stamp_has_six_digits_of_a_second_and_is_in_utc() -> None:
    at = datetime.fromisoformat("2026-11-24T14:16:00+01:00")
    assert stamp(at) == "2026-11-24T13:16:00.000000Z"
    assert stamp(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00.000000Z"
