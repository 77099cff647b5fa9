"""Which encoding a file has is told from all its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_server.errors import BadInput
from scim_server.register.encodings import codec, detect_encoding

POLISH = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ"


def _detect(data: bytes, size: int = 7) -> str:
    return detect_encoding((data[at : at + size] for at in range(0, len(data), size)), "x.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1250", "iso-8859-2"])
@pytest.mark.parametrize("text", [POLISH, "Zażółć gęślą jaźń", "Wąs", "Kaśka", "Źrebię", "Ąę"])
def test_polish_text_is_recognised(encoding: str, text: str) -> None:
    assert _detect(f"Imię;{text}\r\n".encode(encoding)) == encoding


@pytest.mark.parametrize("letter", "ąśźĄŚŹ")
@pytest.mark.parametrize("encoding", ["windows-1250", "iso-8859-2"])
def test_one_telling_letter_at_the_end_of_a_long_file_decides(encoding: str, letter: str) -> None:
    assert _detect(b"x" * 300_000 + letter.encode(encoding), 65_536) == encoding


def test_a_byte_order_mark_is_dropped() -> None:
    data = "Imię".encode("utf-8-sig")
    assert _detect(data) == "utf-8"
    assert data.decode(codec("utf-8")) == "Imię"


def test_letters_with_the_same_byte_in_both_count_as_windows() -> None:
    assert _detect("łóżęćń".encode("windows-1250")) == "windows-1250"


@pytest.mark.parametrize("text", ["Wąs i bąk, ± 1", "Świt ± 1 ± 2"])
def test_a_sign_that_is_a_letter_elsewhere_does_not_outweigh_the_letters(text: str) -> None:
    assert _detect(text.encode("windows-1250")) == "windows-1250"


def test_only_the_first_bytes_are_a_byte_order_mark() -> None:
    assert _detect(b"Imi\xea;x\xff\xfe", 6) == "windows-1250"


@given(st.text(POLISH + "abc ;\n"), st.integers(1, 9))
def test_utf_8_is_recognised_wherever_a_piece_ends(text: str, size: int) -> None:
    assert _detect(text.encode(), size) == "utf-8"


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_file_that_mixes_encodings_is_refused(size: int) -> None:
    with pytest.raises(BadInput, match="mixes"):
        _detect("Łucja\n".encode() + "Żaneta".encode("windows-1250"), size)


def test_a_cut_letter_at_the_end_is_not_utf_8() -> None:
    with pytest.raises(BadInput, match="mixes"):
        _detect("Zażółć gęś".encode() + "ł".encode()[:1])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_by_name(encoding: str) -> None:
    with pytest.raises(BadInput, match="UTF-16"):
        _detect("\ufeffImię".encode(encoding))


@pytest.mark.parametrize("byte", [0x81, 0x83, 0x88, 0x90, 0x98])
def test_bytes_of_neither_encoding_are_refused(byte: int) -> None:
    with pytest.raises(BadInput, match="neither"):
        _detect(b"abc" + bytes((byte,)) + b"\xb9")


def test_only_the_three_encodings_can_be_asked_for() -> None:
    with pytest.raises(BadInput, match="utf-8, windows-1250, iso-8859-2"):
        codec("latin-1")
