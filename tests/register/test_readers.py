"""From bytes to rows: encodings, delimiters, quotes, line numbers."""

from __future__ import annotations

import io
from typing import Any

import pytest

from scim_server.errors import BadInput, BadRecords
from scim_server.register.columns import read_column_map
from scim_server.register.exports import Source
from scim_server.register.readers import MAX_LINE, Row, Table, open_table

COLUMNS = read_column_map(
    {
        "files": {
            "people": {
                "file": "x.csv",
                "columns": {
                    "name": {"required": True, "headers": ["Imię"]},
                    "login": {"required": True, "headers": ["Login"]},
                    "note": {"required": False, "headers": ["Uwaga"]},
                },
            }
        }
    }
)["people"]


def _table(data: str | bytes, **options: Any) -> Table:
    content = data.encode() if isinstance(data, str) else data
    return open_table(
        Source("x.csv", len(content), lambda: io.BytesIO(content)), COLUMNS, **options
    )


def _rows(data: str | bytes, **options: Any) -> list[Row]:
    return list(_table(data, **options).rows())


def _problems(data: str) -> list[str]:
    return [str(problem) for row in _rows(data) for problem in row.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1250", "iso-8859-2"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encoding_and_delimiter_are_detected(encoding: str, delimiter: str, end: str) -> None:
    lines = [["PESEL", "Imię", "Login"], ["1", "Świętosława", "s1"], ["2", "Jaźwa Ąż", "j2"]]
    data = end.join(delimiter.join(line) for line in lines).encode(encoding)
    table = _table(data)
    assert list(table.rows()) == [
        Row(2, {"name": "Świętosława", "login": "s1"}),
        Row(3, {"name": "Jaźwa Ąż", "login": "j2"}),
    ]
    assert (table.encoding, table.delimiter) == (encoding.removesuffix("-sig"), delimiter)


def test_encoding_can_be_forced() -> None:
    data = "Imię;Login\nŻółć;z\n".encode("iso-8859-2")
    assert _rows(data)[0].cells["name"] == "Żółć"
    forced = "Imie;Login\nWąs;z\n".encode("iso-8859-2")
    assert _rows(forced, encoding="windows-1250")[0].cells["name"] == "W±s"


def test_a_forced_encoding_that_does_not_fit_is_refused_without_a_byte_of_the_file() -> None:
    data = "Imie;Login\nŻaneta;z\n".encode("windows-1250")
    with pytest.raises(BadInput, match=r"x\.csv is not in the encoding utf-8") as refusal:
        _rows(data, encoding="utf-8")
    assert refusal.value.__suppress_context__


def test_delimiter_can_be_forced_and_must_be_a_known_one() -> None:
    assert _rows("Imię;Login\na,b;c\n", delimiter=";")[0].cells["name"] == "a,b"
    with pytest.raises(BadRecords):
        _table("Imię;Login\na;b\n", delimiter=",")
    with pytest.raises(BadInput, match="semicolon"):
        _table("Imię|Login\na|b\n", delimiter="|")


def test_the_delimiter_is_the_one_that_gives_known_columns() -> None:
    table = _table("a,b,c,d,e;Imię;Login\nx;y;z\n")
    assert table.delimiter == ";"


def test_columns_outside_the_map_never_become_fields() -> None:
    rows = _rows("PESEL;Imię;Adres;Login\n44051401458;Anna;Kanarkowa 1;a\n")
    assert rows == [Row(2, {"name": "Anna", "login": "a"})]


def test_a_hidden_character_in_a_column_that_is_not_read_is_no_problem() -> None:
    assert _rows("Imię;Adres;Login\nAnna;x\x00y;a\n") == [Row(2, {"name": "Anna", "login": "a"})]


def test_blank_lines_are_passed_over_and_lines_are_counted_all_the_same() -> None:
    rows = _rows("\n  \nImię;Login\n\n;;\n"[:-2] + "\nAnna;a\n\n; \nEwa;e")
    assert [(row.line, dict(row.cells)) for row in rows if not row.problems] == [
        (6, {"name": "Anna", "login": "a"}),
        (9, {"name": "Ewa", "login": "e"}),
    ]


@pytest.mark.parametrize("row", ["Kanarek", "Kanarek;a;b", "Kanarek;a;"])
def test_a_row_with_too_few_or_too_many_cells_is_a_problem(row: str) -> None:
    count = row.count(";") + 1
    assert _problems(f"Imię;Login\nEwa;e\n{row}\n") == [
        f"x.csv:3: has {count} cells where the header has 2"
    ]


@pytest.mark.parametrize("row", ['"Kanarek;a', '"Kan"arek;a', 'Kanarek;"a\n";x'])
def test_wrong_quotes_are_a_problem_of_their_own_line_alone(row: str) -> None:
    rows = _rows(f"Imię;Login\n{row}\nEwa;e\n")
    assert "can't be split" in str(rows[0].problems[0])
    assert rows[0].line == 2
    assert rows[-1].cells == {"name": "Ewa", "login": "e"}


def test_a_quoted_cell_holds_delimiters_and_doubled_quotes() -> None:
    assert _rows('Imię;Login\n"A;""B""";c\n')[0].cells["name"] == 'A;"B"'


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\t", "\x1b", "\x85", "\u200b", "\u202e"])
def test_a_hidden_character_is_a_problem_of_its_cell(sign: str) -> None:
    rows = _rows(f"Imię;Login\nKan{sign}arek;a\nEwa;e\n")
    assert [str(problem) for problem in rows[0].problems] == [
        "x.csv:2: Imię: holds a control character or one that can't be seen"
    ]
    assert rows[0].cells == {"login": "a"}
    assert not rows[1].problems


def test_a_line_without_end_is_refused() -> None:
    assert _rows("Imię;Login\nx;" + "y" * (MAX_LINE - 3) + "\n")
    with pytest.raises(BadInput, match=r"x\.csv:2: a line is longer than 65,536"):
        _rows("Imię;Login\nx;" + "y" * MAX_LINE)


@pytest.mark.parametrize("data", ["", "\n\n", " \r\n"])
def test_an_empty_file_is_a_problem(data: str) -> None:
    with pytest.raises(BadRecords) as refusal:
        _table(data)
    assert "header row" in str(refusal.value.problems[0])


def test_a_file_without_a_header_row_does_not_tell_its_first_row() -> None:
    with pytest.raises(BadRecords) as refusal:
        _table("Kanarek;kanarek1\nEwa;e\n")
    told = "\n".join(map(str, refusal.value.problems))
    assert "Imię" in told
    assert "anarek" not in told


def test_a_header_row_with_wrong_quotes_is_a_problem() -> None:
    with pytest.raises(BadRecords):
        _table('"Imię;Login\nAnna;a\n')


def test_rows_can_be_read_again() -> None:
    table = _table("Imię;Login\nAnna;a\n")
    assert list(table.rows()) == list(table.rows())
