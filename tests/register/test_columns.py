"""The column map: which columns are read, and under which headers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scim_server.errors import BadInput
from scim_server.register.columns import fold_header, read_column_map, uonet_columns

PUBLISHED = Path(__file__).parents[2] / "schemas" / "feeds" / "uonet.json"


def _map(**columns: list[str]) -> Any:
    declared = {name: {"required": True, "headers": heads} for name, heads in columns.items()}
    return read_column_map({"files": {"x": {"file": "x.csv", "columns": declared}}})["x"]


def test_the_published_map_reads_the_closed_list_of_fields_and_no_other() -> None:
    fields = {kind: [c.field for c in mapped.columns] for kind, mapped in uonet_columns().items()}
    assert fields == {
        "pupils": ["key", "given_name", "family_name", "login", "phone", "email", "school"],
        "employees": ["key", "given_name", "family_name", "login", "school"],
        "groups": ["key", "subject", "classes", "group_name", "school_year", "school"],
        "assignments": ["group", "person"],
    }
    files = [mapped.file for mapped in uonet_columns().values()]
    assert files == ["uczniowie.csv", "pracownicy.csv", "grupy.csv", "przydzialy.csv"]


def test_the_map_in_the_program_is_the_published_one() -> None:
    document = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    assert read_column_map(document) == uonet_columns()


def test_optional_columns_are_phone_email_school_classes_and_group_name() -> None:
    columns = [column for mapped in uonet_columns().values() for column in mapped.columns]
    optional = {column.field for column in columns if not column.required}
    assert optional == {"phone", "email", "school", "classes", "group_name"}


@pytest.mark.parametrize("header", ["Drugie imię", "Imię 2", "Imiona", "PESEL", "Adres"])
def test_second_names_and_national_numbers_have_no_column(header: str) -> None:
    for mapped in uonet_columns().values():
        assert not mapped.match([header]).positions


@pytest.mark.parametrize("header", ["IMIĘ", "imie", " Imię ", "I m i ę", "Imię:", "Imie\u0328"])
def test_headers_match_without_case_diacritics_spaces_and_punctuation(header: str) -> None:
    assert uonet_columns()["pupils"].match([header]).positions == {"given_name": 0}


@pytest.mark.parametrize("header", ["Szkoła", "SZKOLA", "szkoła"])
def test_the_polish_l_counts_as_a_plain_l(header: str) -> None:
    assert fold_header(header) == "szkola"


def test_a_column_that_is_there_twice_is_a_problem() -> None:
    match = _map(name=["Imię", "Pierwsze imię"]).match(["imie", "PIERWSZE IMIĘ"])
    assert [str(problem) for problem in match.problems] == [
        "x.csv:1: Imię: the column is there twice: Imię, Pierwsze imię"
    ]
    assert _map(name=["Imię"]).match(["imie", "Imię"]).problems


def test_a_missing_required_column_is_a_problem_that_names_its_headers() -> None:
    match = _map(name=["Imię", "Pierwsze imię"]).match(["Anna", "Kanarkowa"], line=3)
    assert [str(problem) for problem in match.problems] == [
        "x.csv:3: Imię: no such column; accepted headers: Imię, Pierwsze imię"
    ]


def test_an_optional_column_may_be_missing() -> None:
    headers = ["Klucz", "Imię", "Nazwisko", "Login"]
    assert uonet_columns()["pupils"].match(headers).problems == ()


def test_unknown_columns_are_no_problem_however_often() -> None:
    match = _map(name=["Imię"]).match(["Uwagi", "Imię", "Uwagi", ""])
    assert match.positions == {"name": 1}
    assert match.problems == ()


def test_one_header_can_not_mean_two_columns() -> None:
    with pytest.raises(BadInput, match=r"x\.csv"):
        _map(name=["Imię"], other=["IMIE"])
