"""What each cell must be; read through a whole export."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scim_server.errors import BadInput
from scim_server.register.rules import FeedTerms
from tests.register.made_up import (
    DOMAIN,
    TODAY,
    employee,
    group,
    pesel,
    problems_of,
    pupil,
    seat,
    take,
    terms,
    write_export,
)

PESEL = pesel(date(1980, 5, 6))


def _one(problems: Any) -> str:
    assert len(problems) == 1
    return str(problems[0])


def _document(folder: Path, **cells: str) -> dict[str, Any]:
    taken = take(write_export(folder / "export", pupils=[pupil(**cells)]))
    return taken.people[0].document


def test_cells_are_trimmed_composed_and_their_spaces_collapsed(tmp_path: Path) -> None:
    document = _document(tmp_path, given_name=" Z\u0301aneta \u00a0 Maria ", login=" zaneta ")
    assert document["name"]["givenName"] == "Źaneta Maria"
    assert document["userName"] == f"zaneta@{DOMAIN}"


@pytest.mark.parametrize("empty", ["", "  ", "\u00a0"])
def test_optional_cells_that_are_empty_become_absent(tmp_path: Path, empty: str) -> None:
    document = _document(tmp_path, phone=empty, email=empty)
    assert "phoneNumbers" not in document
    assert "emails" not in document


@pytest.mark.parametrize(
    ("kind", "row", "column"),
    [
        ("pupils", pupil(key=" "), "Klucz"),
        ("pupils", pupil(given_name=""), "Imię"),
        ("pupils", pupil(family_name=" "), "Nazwisko"),
        ("pupils", pupil(login=""), "Login"),
        ("employees", employee(key=""), "Klucz"),
        ("employees", employee(given_name=""), "Imię"),
        ("employees", employee(family_name=""), "Nazwisko"),
        ("employees", employee(login=""), "Login"),
        ("groups", group(key=""), "Klucz"),
        ("groups", group(subject=""), "Przedmiot"),
        ("groups", group(school_year=""), "Rok szkolny"),
        ("assignments", seat(group=""), "Grupa"),
        ("assignments", seat(person=""), "Osoba"),
    ],
)
def test_required_cells_must_not_be_empty(
    tmp_path: Path, kind: str, row: dict[str, str], column: str
) -> None:
    parts: dict[str, Any] = {"pupils": [pupil()], "groups": [group()], kind: [row]}
    file = {"pupils": "uczniowie", "employees": "pracownicy", "groups": "grupy"}.get(
        kind, "przydzialy"
    )
    assert _one(problems_of(tmp_path, **parts)) == f"{file}.csv:2: {column}: is empty"


def test_a_key_has_no_white_space_and_at_most_128_characters(tmp_path: Path) -> None:
    rows = [pupil(1, key="k" * 128), pupil(2, key="k" * 129), pupil(3, key="U 3")]
    assert [str(problem) for problem in problems_of(tmp_path, pupils=rows)] == [
        "uczniowie.csv:3: Klucz: is longer than 128 characters",
        "uczniowie.csv:4: Klucz: must not hold white space",
    ]


@pytest.mark.parametrize("name", ["given_name", "family_name"])
def test_a_name_has_at_most_64_characters(tmp_path: Path, name: str) -> None:
    rows = [pupil(1, **{name: "ż" * 64}), pupil(2, **{name: "ż" * 65})]
    problem = _one(problems_of(tmp_path, pupils=rows))
    assert "uczniowie.csv:3" in problem
    assert "64" in problem


def test_a_phone_is_published_as_e164(tmp_path: Path) -> None:
    assert _document(tmp_path, phone="512 345 678")["phoneNumbers"][0]["value"] == "+48512345678"


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"phone": "555"}, "Telefon: is not a valid phone number"),
        ({"email": "kanarek"}, "E-mail: is not an e-mail address"),
        ({"login": "łoś"}, "Login: has a letter with a diacritic"),
        ({"login": "a@example.com"}, "Login: names a domain that is not the unit's"),
        ({"school": "SP 13"}, "Szkoła: is no school of this unit"),
    ],
)
def test_a_cell_that_breaks_its_rule_is_a_problem(
    tmp_path: Path, cells: dict[str, str], rule: str
) -> None:
    problem = _one(problems_of(tmp_path, pupils=[pupil(**cells)]))
    assert problem.startswith(f"uczniowie.csv:2: {rule}")


def test_a_login_with_the_units_domain_is_stripped_of_it(tmp_path: Path) -> None:
    assert _document(tmp_path, login="anna@SP12.example.PL")["userName"] == f"anna@{DOMAIN}"


@pytest.mark.parametrize("field", ["key", "given_name", "family_name", "login", "phone", "email",
    "school"])  # fmt: skip
def test_a_pesel_is_refused_in_every_column_of_pupils(tmp_path: Path, field: str) -> None:
    assert "PESEL" in _one(problems_of(tmp_path, pupils=[pupil(**{field: f" {PESEL} "})]))


@pytest.mark.parametrize("field", ["key", "given_name", "family_name", "login", "school"])
def test_a_pesel_is_refused_in_every_column_of_employees(tmp_path: Path, field: str) -> None:
    assert "PESEL" in _one(problems_of(tmp_path, employees=[employee(**{field: PESEL})]))


@pytest.mark.parametrize("field", ["key", "subject", "classes", "group_name", "school_year",
    "school"])  # fmt: skip
def test_a_pesel_is_refused_in_every_column_of_groups(tmp_path: Path, field: str) -> None:
    assert "PESEL" in _one(problems_of(tmp_path, groups=[group(**{field: PESEL})]))


@pytest.mark.parametrize("field", ["group", "person"])
def test_a_pesel_is_refused_in_every_column_of_assignments(tmp_path: Path, field: str) -> None:
    problems = problems_of(
        tmp_path, pupils=[pupil()], groups=[group()], assignments=[{**seat(), field: PESEL}]
    )
    assert "PESEL" in _one(problems)


@pytest.mark.parametrize("cells", [{"login": f"{PESEL}@{DOMAIN}"}, {"email": f"{PESEL}@a.example"},
    {"family_name": f"Gąsior ({PESEL})"}, {"phone": pesel(date(1848, 8, 8))}])  # fmt: skip
def test_a_pesel_is_refused_inside_a_cell(tmp_path: Path, cells: dict[str, str]) -> None:
    assert "PESEL" in _one(problems_of(tmp_path, pupils=[pupil(**cells)]))


def _numeric(hits: int, others: int) -> list[Any]:
    keys = [pesel(date(1980, 5, 6), serial) for serial in range(hits)]
    keys += [str(99_999_000_000 + number) for number in range(others)]
    return [pupil(number, key=key) for number, key in enumerate(keys)]


def test_numeric_keys_may_look_like_a_pesel_if_the_unit_allows_them(tmp_path: Path) -> None:
    rows = _numeric(1, 5)
    assert len(problems_of(tmp_path, pupils=rows)) == 1
    assert problems_of(tmp_path, pupils=rows, allow_numeric_keys=True) == ()


def test_allowed_numeric_keys_are_refused_when_a_fifth_look_like_a_pesel(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"uczniowie\.csv: 1 of 5 .* column Klucz are PESEL"):
        problems_of(tmp_path, pupils=_numeric(1, 4), allow_numeric_keys=True)


@pytest.mark.parametrize("kind", ["employees", "groups"])
def test_the_share_is_watched_in_every_file(tmp_path: Path, kind: str) -> None:
    row = employee(key=PESEL) if kind == "employees" else group(key=PESEL)
    rows: dict[str, Any] = {kind: [row]}
    with pytest.raises(BadInput, match="1 of 1"):
        problems_of(tmp_path, allow_numeric_keys=True, **rows)


@pytest.mark.parametrize("field", ["group", "person"])
def test_the_share_is_watched_in_both_columns_of_the_assignments(
    tmp_path: Path, field: str
) -> None:
    assignments = [{**seat(), field: PESEL}]
    with pytest.raises(BadInput, match=r"przydzialy\.csv: 1 of 1"):
        problems_of(
            tmp_path,
            pupils=[pupil()],
            groups=[group()],
            assignments=assignments,
            allow_numeric_keys=True,
        )


def test_numeric_keys_excuse_no_other_column(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, pupils=[pupil(login=PESEL)], allow_numeric_keys=True)
    assert "Login: looks like a PESEL" in _one(problems)


def test_the_only_school_of_a_unit_is_meant_where_none_is_told(tmp_path: Path) -> None:
    taken = take(write_export(tmp_path / "x", pupils=[pupil()], groups=[group()]))
    assert [draft.schools for draft in [*taken.people, *taken.groups]] == [("SP 12",), ("SP 12",)]


def test_a_unit_of_several_schools_must_be_told_which(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path, pupils=[pupil()], employees=[employee()], groups=[group()], schools=("A", "B")
    )
    rule = "2: Szkoła: is empty, and the unit has more than one school"
    assert [str(problem) for problem in problems] == [
        f"{file}.csv:{rule}" for file in ("uczniowie", "pracownicy", "grupy")
    ]


@pytest.mark.parametrize("cell", ["SP 12", "sp12", " Sp  12 "])
def test_a_school_matches_without_regard_to_case_and_spaces(tmp_path: Path, cell: str) -> None:
    path = write_export(tmp_path / "x", pupils=[pupil(school=cell)])
    assert take(path, schools=("LO 1", "SP 12")).people[0].schools == ("SP 12",)


@pytest.mark.parametrize(
    ("cell", "classes"),
    [
        ("2A", ["2A"]),
        ("1A, 1B", ["1A", "1B"]),
        ("1B/1A", ["1A", "1B"]),
        ("10A,2A/1b LO,", ["1b LO", "2A", "10A"]),
        ("2A, 2A", ["2A"]),
        ("3, IIa, A", ["A", "IIa", "3"]),
    ],
)
def test_classes_are_separated_by_comma_or_slash_and_ordered(
    tmp_path: Path, cell: str, classes: list[str]
) -> None:
    taken = take(write_export(tmp_path / "x", groups=[group(classes=cell)]))
    extension = taken.groups[0].document["urn:scim-server:schemas:uonet:1.0:Group"]
    assert extension["classes"] == classes


@pytest.mark.parametrize(("cell", "year"), [("2026/2027", "2026/27"), ("2026/27", "2026/27"),
    ("2026 / 2027", "2026/27"), ("2099/00", "2099/00")])  # fmt: skip
def test_a_school_year_is_written_short(tmp_path: Path, cell: str, year: str) -> None:
    taken = take(write_export(tmp_path / "x", groups=[group(school_year=cell)]))
    extension = taken.groups[0].document["urn:scim-server:schemas:uonet:1.0:Group"]
    assert extension["schoolYear"] == year


@pytest.mark.parametrize("cell", ["2026", "2026/2028", "2026/26", "26/27", "2026-2027", "1926/27",
    "2026/127", "20２6/27"])  # fmt: skip
def test_a_school_year_is_two_years_that_follow(tmp_path: Path, cell: str) -> None:
    problem = _one(problems_of(tmp_path, groups=[group(school_year=cell)]))
    assert problem == "grupy.csv:2: Rok szkolny: is not a school year such as 2026/2027"


def test_a_group_needs_classes_or_a_name(tmp_path: Path) -> None:
    rows = [group(1, classes="", group_name="Chór"), group(2), group(3, classes=" "),
        group(4, classes=", /")]  # fmt: skip
    assert [str(problem) for problem in problems_of(tmp_path, groups=rows)] == [
        "grupy.csv:4: Oddziały: is empty, and so is the name of the group",
        "grupy.csv:5: Oddziały: names no class",
    ]


def test_a_group_of_nothing_is_told_together_with_its_other_problems(tmp_path: Path) -> None:
    row = group(classes="", school_year="2026")
    columns = [problem.column for problem in problems_of(tmp_path, groups=[row])]
    assert sorted(columns) == ["Oddziały", "Rok szkolny"]


def test_every_broken_cell_of_a_row_is_told(tmp_path: Path) -> None:
    row = pupil(phone="1", email="x", login="ą", family_name="")
    columns = [problem.column for problem in problems_of(tmp_path, pupils=[row])]
    assert sorted(columns) == ["E-mail", "Login", "Nazwisko", "Telefon"]


def test_a_units_domain_has_at_most_48_characters() -> None:
    assert terms(domain="d" * 45 + ".pl")


def test_a_unit_without_a_usable_domain_or_schools_is_refused() -> None:
    for domain in ("", "sp12", "sp12.example.pl.", "a b.pl", "-a.pl", "d" * 46 + ".pl"):
        with pytest.raises(BadInput, match="domain"):
            terms(domain=domain)
    for schools in ((), ("",), ("SP 1", "sp1")):
        with pytest.raises(BadInput, match="school"):
            FeedTerms(DOMAIN, schools, TODAY)
