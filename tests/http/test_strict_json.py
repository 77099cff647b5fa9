"""JSON that no two parsers could understand differently, or nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim_server.errors import InvalidSyntax
from scim_server.http.strict_json import loads

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXTS, inner, max_size=4).filter(
            lambda each: len({name.lower() for name in each}) == len(each)
        )
    ),
    max_leaves=12,
)


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@settings(max_examples=200, deadline=None, database=None)
@given(VALUES, st.booleans())
def test_what_is_plain_is_read_as_it_is(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert loads(text, max_depth=depth_of(value)) == value
    if depth_of(value):
        with pytest.raises(InvalidSyntax):
            loads(text, max_depth=depth_of(value) - 1)


@settings(max_examples=300, deadline=None, database=None)
@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    try:
        loads(text, max_depth=5)
    except InvalidSyntax:
        return


@settings(max_examples=300, deadline=None, database=None)
@given(st.text(st.sampled_from('{}[]",:\\ \t\n01eE+-.nulltrufasNaIifyé\ud800\0'), max_size=30))
def test_any_text_like_json_is_read_or_refused(text: str) -> None:
    try:
        loads(text.encode("utf-8", "surrogatepass"), max_depth=5)
    except InvalidSyntax:
        return


@pytest.mark.parametrize("text", ['"\\u0000"', '["\\ud800"]', '{"a":[["\\udfff"]]}'])
def test_a_text_is_held_to_the_same_rules_wherever_it_stands(text: str) -> None:
    with pytest.raises(InvalidSyntax):
        loads(text.encode(), max_depth=5)


def test_a_refusal_never_repeats_the_text() -> None:
    for text in (b'{"anna":"kowalska"', b'{"kowalska":1,"Kowalska":2}', b'{"a":"kowalska\\u0000"}'):
        with pytest.raises(InvalidSyntax) as caught:
            loads(text, max_depth=5)
        assert "kowalska" not in str(caught.value).lower()
