"""The ids of a roster compare as they are told, whatever they are compared with."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from scim_server.directory.roster_ids import as_stored, roster_id

uuids = st.uuids().map(str)
near = st.builds(
    lambda id, length, more: roster_id(id)[:length] + more,
    uuids, st.integers(0, 32), st.text("0af-g", max_size=3),
)  # fmt: skip


@given(uuids, near | st.text(max_size=80))
def test_an_id_stands_to_any_text_as_what_is_stored_does(id: str, text: str) -> None:
    """Red when a hyphen comes before the character at its place is there, or not at all."""
    told, stored = roster_id(id), as_stored(text)
    assert (told < text, told == text) == (id < stored, id == stored)


@given(uuids, uuids, st.integers(0, 32), st.text("0af-g", max_size=3))
def test_two_ids_after_one_another_stand_so_too(
    one: str, other: str, length: int, more: str
) -> None:
    """Red when the hyphens of the second id are forgotten."""
    told, asked = roster_id(one) + roster_id(other), roster_id(one) + roster_id(other)[:length]
    for text in (asked, asked + more):
        stored = as_stored(text)
        assert (told < text, told == text) == (one + other < stored, one + other == stored)


@given(st.uuids())
def test_an_id_is_found_again(id: UUID) -> None:
    assert as_stored(roster_id(str(id))) == str(id)
