"""One reading of an export, from files to drafts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from scim_server.directory.drafts import Assignment
from scim_server.errors import BadInput, BadRecords
from scim_server.register.columns import uonet_columns
from scim_server.register.feed import Reading, read_feed
from scim_server.register.problems import KEPT
from tests.register.made_up import (
    employee,
    group,
    pesel,
    pupil,
    seat,
    take,
    terms,
    write_export,
    zipped,
)


def _school(folder: Path, encoding: str = "utf-8", delimiter: str = ";") -> Path:
    return write_export(
        folder,
        pupils=[pupil(1), pupil(2)],
        employees=[employee(1)],
        groups=[group(1, classes="1A, 1B")],
        assignments=[seat(), seat("G-1", "P-1"), seat()],
        encoding=encoding,
        delimiter=delimiter,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1250", "iso-8859-2"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_every_encoding_and_delimiter_gives_the_same_drafts(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    assert take(_school(tmp_path / "a", encoding, delimiter)) == take(_school(tmp_path / "b"))


@pytest.mark.parametrize("prefix", ["", "eksport/"])
def test_a_zip_gives_the_same_drafts_as_a_folder(tmp_path: Path, prefix: str) -> None:
    folder = _school(tmp_path / "a")
    assert take(zipped(folder, prefix)) == take(folder)


def test_how_each_file_was_read_is_told(tmp_path: Path) -> None:
    feed = read_feed(_school(tmp_path / "a", "windows-1250", ","), terms=terms())
    assert feed.readings == (
        Reading("uczniowie.csv", "windows-1250", ","),
        Reading("pracownicy.csv", "windows-1250", ","),
        Reading("grupy.csv", "windows-1250", ","),
        Reading("przydzialy.csv", "utf-8", ","),
    )


def test_people_groups_and_assignments_are_handed_out(tmp_path: Path) -> None:
    taken = take(_school(tmp_path / "a"))
    assert taken.keys == ["U-1", "U-2", "P-1", "G-1"]
    assert taken.assignments == [
        Assignment("G-1", "U-1"),
        Assignment("G-1", "P-1"),
        Assignment("G-1", "U-1"),
    ]
    assert taken.problems == ()


def test_any_problem_refuses_the_whole_export_after_all_files_are_read(tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "x",
        pupils=[pupil(1, phone="1"), pupil(2)],
        employees=[employee(1, login="ł")],
        groups=[group(1, subject="")],
        assignments=[seat("G-9", "U-2")],
    )
    with pytest.raises(BadRecords) as refusal:
        take(path)
    assert [(problem.file, problem.line) for problem in refusal.value.problems] == [
        ("uczniowie.csv", 2),
        ("pracownicy.csv", 2),
        ("grupy.csv", 2),
        ("przydzialy.csv", 2),
    ]


def test_assignments_of_a_bad_record_add_no_problem_when_all_is_refused(tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "x", pupils=[pupil(phone="1")], groups=[group()], assignments=[seat()]
    )
    with pytest.raises(BadRecords) as refusal:
        take(path)
    assert [problem.file for problem in refusal.value.problems] == ["uczniowie.csv"]


def test_bad_records_can_be_left_out_with_their_assignments(tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "x",
        pupils=[pupil(1, phone="1"), pupil(2)],
        groups=[group(1), group(2, subject="")],
        assignments=[seat("G-1", "U-1"), seat("G-1", "U-2"), seat("G-2", "U-2")],
    )
    feed = read_feed(path, terms=terms(skip_invalid=True))
    assert [draft.external_id for draft in feed.people()] == ["U-2"]
    assert [draft.external_id for draft in feed.groups()] == ["G-1"]
    assert list(feed.assignments()) == [Assignment("G-1", "U-2")]
    assert [str(problem) for problem in feed.problems] == [
        "uczniowie.csv:2: Telefon: is not a phone number",
        "grupy.csv:3: Przedmiot: is empty",
        "przydzialy.csv:2: Osoba: its record was left out",
        "przydzialy.csv:4: Grupa: its record was left out",
    ]
    assert feed.left_out_people == {"U-1"}
    assert feed.left_out_groups == {"G-2"}


def test_rows_that_can_not_be_read_are_told_once_in_the_words_of_the_reader(tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "x",
        pupils=[pupil(1, given_name="Zofia\x07"), pupil(2, key="U-2\x07")],
        groups=[group(1, subject="WF\x07")],
        assignments=[seat("G-1\x07", "U-1")],
    )
    for name in ("uczniowie.csv", "grupy.csv", "przydzialy.csv"):
        with (path / name).open("a", encoding="utf-8") as file:
            file.write("x\n")
    feed = read_feed(path, terms=terms(skip_invalid=True))
    assert [*feed.people(), *feed.groups(), *feed.assignments()] == []
    hidden = "holds a control character or one that can't be seen"
    assert [str(problem) for problem in feed.problems] == [
        f"uczniowie.csv:2: Imię: {hidden}",
        f"uczniowie.csv:3: Klucz: {hidden}",
        "uczniowie.csv:4: has 1 cells where the header has 7",
        f"grupy.csv:2: Przedmiot: {hidden}",
        "grupy.csv:3: has 1 cells where the header has 6",
        f"przydzialy.csv:2: Grupa: {hidden}",
        "przydzialy.csv:3: has 1 cells where the header has 2",
    ]
    assert feed.left_out_people == {"U-1"}
    assert feed.left_out_groups == {"G-1"}


def test_a_row_without_a_key_names_nobody_who_is_left_out(tmp_path: Path) -> None:
    path = write_export(tmp_path / "x", pupils=[pupil(key=" "), pupil(key="")])
    feed = read_feed(path, terms=terms(skip_invalid=True))
    assert list(feed.people()) == []
    assert feed.left_out_people == set()


def test_another_column_map_can_be_given(tmp_path: Path) -> None:
    columns = dict(uonet_columns())
    groups = columns["groups"]
    columns["groups"] = replace(groups, file="zajecia.csv")
    path = _school(tmp_path / "x")
    (path / "grupy.csv").rename(path / "zajecia.csv")
    feed = read_feed(path, terms=terms(), columns=columns)
    assert feed.readings[2].file == "zajecia.csv"


def test_an_assignment_of_an_unknown_key_is_a_problem(tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "x",
        pupils=[pupil()],
        groups=[group()],
        assignments=[seat("G-9", "U-1"), seat("G-1", "U-9"), seat("U-1", "G-1")],
    )
    assert [str(problem) for problem in take(path, skip_invalid=True).problems] == [
        "przydzialy.csv:2: Grupa: no record in grupy.csv has this key",
        "przydzialy.csv:3: Osoba: no record in uczniowie.csv or pracownicy.csv has this key",
        "przydzialy.csv:4: Grupa: no record in grupy.csv has this key",
        "przydzialy.csv:4: Osoba: no record in uczniowie.csv or pracownicy.csv has this key",
    ]


def test_keys_of_assignments_are_cleaned_like_all_others(tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "x",
        pupils=[pupil(key="Ź-1")],
        groups=[group()],
        assignments=[seat(" G-1\u00a0", "Z\u0301-1")],
    )
    assert take(path).assignments == [Assignment("G-1", "Ź-1")]


@pytest.mark.parametrize("skip_invalid", [False, True])
def test_missing_columns_of_all_files_are_told_at_once_and_never_left_out(
    tmp_path: Path, skip_invalid: bool
) -> None:
    path = _school(tmp_path / "x")
    (path / "uczniowie.csv").write_text("Klucz;Imię\n", encoding="utf-8")
    (path / "grupy.csv").write_text("Klucz;Przedmiot\n", encoding="utf-8")
    with pytest.raises(BadRecords) as refusal:
        read_feed(path, terms=terms(skip_invalid=skip_invalid))
    assert [(problem.file, problem.column) for problem in refusal.value.problems] == [
        ("uczniowie.csv", "Nazwisko"),
        ("uczniowie.csv", "Login"),
        ("grupy.csv", "Rok szkolny"),
    ]


def test_problems_of_a_spoilt_file_are_counted_but_not_all_kept(tmp_path: Path) -> None:
    rows = [pupil(number, phone="1") for number in range(KEPT + 250)]
    path = write_export(tmp_path / "x", pupils=rows)
    feed = read_feed(path, terms=terms())
    for part in (feed.people, feed.groups):
        assert list(part()) == []
    with pytest.raises(BadRecords) as refusal:
        list(feed.assignments())
    assert feed.problem_count == KEPT + 250
    assert len(refusal.value.problems) == KEPT + 1
    assert str(refusal.value.problems[-1]) == "uczniowie.csv: 250 more problems are not listed"


def test_encoding_and_delimiter_of_the_terms_are_used(tmp_path: Path) -> None:
    path = _school(tmp_path / "x", "iso-8859-2")
    forced = take(path, encoding="windows-1250", delimiter=";").people[0].document
    assert forced["name"]["givenName"] == "Zofia"
    assert forced["name"]["familyName"] == "¬rebiec"


def test_progress_covers_each_file_to_its_end_in_order(tmp_path: Path) -> None:
    path = _school(tmp_path / "x")
    told: list[tuple[str, int, int]] = []
    feed = read_feed(path, terms=terms(), progress=lambda *at: told.append(at))
    assert told == []
    for part in (feed.people, feed.groups, feed.assignments):
        list(part())
    ends = list(dict.fromkeys((name, done) for name, done, size in told if done == size))
    assert ends == [
        (name, (path / name).stat().st_size)
        for name in ("uczniowie.csv", "pracownicy.csv", "grupy.csv", "przydzialy.csv")
    ]


def _drop_last_row(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.read_bytes().rstrip().rindex(b"\n") + 1])


def _rename_key(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"-2", b"-7"))


@pytest.mark.parametrize("change", [_drop_last_row, _rename_key])
def test_people_that_change_between_two_looks_are_refused(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    rows = [pupil(2, school="A"), pupil(1, school="A"), pupil(2, school="B")]
    path = write_export(tmp_path / "x", pupils=rows)
    feed = read_feed(path, terms=terms(schools=("A", "B")))
    change(path / "uczniowie.csv")
    with pytest.raises(BadInput, match=r"uczniowie\.csv was changed"):
        list(feed.people())


def test_groups_that_change_between_two_looks_are_refused(tmp_path: Path) -> None:
    path = write_export(tmp_path / "x", groups=[group(1), group(2)])
    feed = read_feed(path, terms=terms())
    list(feed.people())
    _rename_key(path / "grupy.csv")
    with pytest.raises(BadInput, match=r"grupy\.csv was changed"):
        list(feed.groups())


CANARY = "kanarkowy"


def test_no_problem_ever_tells_a_value(tmp_path: Path) -> None:
    number = pesel(date(1980, 5, 6))
    bad = [
        pupil(1, key=f"{CANARY} 1"),
        pupil(2, key=CANARY * 20),
        pupil(3, given_name=CANARY * 9, family_name=f"{CANARY} {number}"),
        pupil(4, login=f"{CANARY}ą"),
        pupil(5, login=f"{CANARY}@{CANARY}.pl"),
        pupil(6, login=f".{CANARY}"),
        pupil(7, login=f"{CANARY} x"),
        pupil(8, login=CANARY * 9),
        pupil(9, phone=CANARY, email=CANARY),
        pupil(10, phone=f"512345678 ext. 7{CANARY}", email=f"{CANARY}@{CANARY * 30}"),
        pupil(11, school=CANARY),
        pupil(12, given_name=f"{CANARY}\x07"),
        pupil(13, login=CANARY),
        pupil(14, login=CANARY.upper()),
        pupil(15, key=CANARY),
        pupil(15, key=CANARY, login=f"{CANARY}2"),
        pupil(16, key=number),
    ]
    path = write_export(
        tmp_path / "x",
        pupils=bad,
        employees=[employee(key=CANARY), employee(login=CANARY)],
        groups=[
            group(1, key=f"{CANARY} 1"),
            group(2, subject=CANARY * 30),
            group(3, school_year=CANARY, school=CANARY),
            group(4, key=CANARY),
            group(4, key=CANARY),
        ],
        assignments=[seat(CANARY, CANARY), seat(number, number), seat(f"{CANARY} x", "U-1")],
    )
    for name in ("uczniowie.csv", "grupy.csv"):
        with (path / name).open("a", encoding="utf-8") as file:
            file.write(f'"{CANARY};x\n{CANARY};{CANARY}\n')
    told = "\n".join(map(str, take(path, skip_invalid=True).problems))
    assert len(told.splitlines()) >= 30
    assert CANARY not in told.casefold()
    assert number not in told
    assert "512345678" not in told
