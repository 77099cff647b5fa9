"""People across rows and files: one key, one login, one person."""

from __future__ import annotations

from pathlib import Path

from tests.register.made_up import (
    employee,
    problems_of,
    pupil,
    seat,
    take,
    write_export,
)

BOTH = {"schools": ("SP 1", "SP 2", "LO 1")}


def test_a_teacher_of_two_schools_is_one_user(tmp_path: Path) -> None:
    rows = [employee(1, school="LO 1"), employee(2, school="SP 1"), employee(1, school="SP 1")]
    taken = take(write_export(tmp_path / "x", employees=rows), **BOTH)
    assert [(draft.external_id, draft.schools) for draft in taken.people] == [
        ("P-2", ("SP 1",)),
        ("P-1", ("SP 1", "LO 1")),
    ]


def test_one_key_with_other_data_is_a_problem_and_nobody_is_published(tmp_path: Path) -> None:
    rows = [
        employee(1, school="SP 1"),
        employee(1, school="SP 2", family_name="Kanarek"),
        employee(2, school="SP 1"),
    ]
    taken = take(write_export(tmp_path / "x", employees=rows), skip_invalid=True, **BOTH)
    assert taken.keys == ["P-2"]
    assert [str(problem) for problem in taken.problems] == [
        "pracownicy.csv:3: Klucz: the key is given before, in pracownicy.csv:2, with other data"
    ]


def test_one_key_with_another_login_is_a_problem(tmp_path: Path) -> None:
    rows = [employee(1, school="SP 1"), employee(1, school="SP 2", login="inny")]
    assert "with other data" in str(problems_of(tmp_path, employees=rows, **BOTH)[0])


def test_one_key_twice_in_one_school_is_a_problem(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, pupils=[pupil(1), pupil(1)])
    assert [str(problem) for problem in problems] == [
        "uczniowie.csv:3: Klucz: the key is given before, in uczniowie.csv:2, with the same school"
    ]


def test_a_person_with_one_bad_row_is_left_out_whole(tmp_path: Path) -> None:
    for at, school in enumerate(("SP 99", "SP 1")):
        other = "SP 1" if school == "SP 99" else "SP 99"
        rows = [employee(1, school=school), employee(1, school=other)]
        taken = take(write_export(tmp_path / f"x{at}", employees=rows), skip_invalid=True, **BOTH)
        assert taken.people == []
        assert len(taken.problems) == 1


def test_a_key_of_a_pupil_and_an_employee_is_a_problem_and_neither_is_published(
    tmp_path: Path,
) -> None:
    path = write_export(
        tmp_path / "x", pupils=[pupil(1), pupil(2)], employees=[employee(3), employee(key="U-2")]
    )
    taken = take(path, skip_invalid=True)
    assert taken.keys == ["U-1", "P-3"]
    assert [str(problem) for problem in taken.problems] == [
        "pracownicy.csv:3: Klucz: a pupil has the same key, in uczniowie.csv:3"
    ]


def test_keys_are_told_apart_by_case(tmp_path: Path) -> None:
    path = write_export(tmp_path / "x", pupils=[pupil(1, key="ab"), pupil(2, key="AB")])
    assert take(path).keys == ["ab", "AB"]


def test_a_login_that_is_taken_is_a_problem_at_the_later_line(tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "x",
        pupils=[pupil(1, login="Anna"), pupil(2, login="anna")],
        employees=[employee(1, login="ANNA@sp12.example.pl"), employee(2)],
    )
    taken = take(path, skip_invalid=True)
    assert taken.keys == ["U-1", "P-2"]
    assert [str(problem) for problem in taken.problems] == [
        "uczniowie.csv:3: Login: the login is given before, in uczniowie.csv:2",
        "pracownicy.csv:2: Login: the login is given before, in uczniowie.csv:2",
    ]


def test_a_bad_row_holds_its_login_too(tmp_path: Path) -> None:
    rows = [pupil(1, login="anna", phone="1"), pupil(2, login="anna")]
    problems = problems_of(tmp_path, pupils=rows)
    assert [problem.column for problem in problems] == ["Telefon", "Login"]


def test_rows_without_a_key_are_not_one_person(tmp_path: Path) -> None:
    rows = [pupil(1, key="", login="anna"), pupil(2, key="", login="anna")]
    columns = [problem.column for problem in problems_of(tmp_path, pupils=rows)]
    assert columns == ["Klucz", "Klucz", "Login"]


def test_an_assignment_of_an_ambiguous_key_is_left_out(tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "x",
        pupils=[pupil(1)],
        employees=[employee(key="U-1")],
        groups=[{"key": "G-1", "subject": "WF", "classes": "1A", "school_year": "2026/27"}],
        assignments=[seat()],
    )
    assert take(path, skip_invalid=True).assignments == []
