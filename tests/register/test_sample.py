"""Samples are exports that this program reads without a problem."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from scim_server.errors import BadInput
from scim_server.register.sample import write_sample
from tests.register.made_up import Taken, take

FILES = ("uczniowie.csv", "pracownicy.csv", "grupy.csv", "przydzialy.csv")


def _bytes(path: Path) -> dict[str, bytes]:
    return {name: (path / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[str, ...], Taken]:
    path = tmp_path_factory.mktemp("sample") / "city"
    schools = write_sample(path, 1_900, 7)
    return path, schools, take(path, schools=schools)


@pytest.mark.parametrize("seed", range(5))
def test_a_sample_school_is_read_without_a_problem(tmp_path: Path, seed: int) -> None:
    schools = write_sample(tmp_path / "x", 300, seed)
    assert len(schools) == 1
    taken = take(tmp_path / "x", schools=schools)
    types = Counter(draft.document["userType"] for draft in taken.people)
    assert types == {"Student": 300, "Employee": 30}
    assert 9 <= len(taken.assignments) / 300 <= 12


def test_a_sample_city_has_schools_of_usual_size(
    city: tuple[Path, tuple[str, ...], Taken],
) -> None:
    _, schools, taken = city
    assert len(schools) == 3
    pupils = [draft for draft in taken.people if draft.document["userType"] == "Student"]
    sizes = Counter(draft.schools for draft in pupils)
    assert sum(sizes.values()) == 1_900
    assert all(500 <= size <= 700 for size in sizes.values())


def test_some_teachers_of_a_city_work_in_two_schools(
    city: tuple[Path, tuple[str, ...], Taken],
) -> None:
    teachers = [draft for draft in city[2].people if draft.document["userType"] == "Employee"]
    assert 0 < sum(len(draft.schools) == 2 for draft in teachers) < len(teachers) / 5


def test_samples_have_named_inter_class_and_whole_class_groups(
    city: tuple[Path, tuple[str, ...], Taken],
) -> None:
    extensions = [
        draft.document["urn:scim-server:schemas:uonet:1.0:Group"] for draft in city[2].groups
    ]
    assert any("groupName" not in extension for extension in extensions)
    assert any("groupName" in extension for extension in extensions)
    assert any(len(extension["classes"]) == 2 for extension in extensions)


def test_every_sample_teacher_and_pupil_is_in_a_group(
    city: tuple[Path, tuple[str, ...], Taken],
) -> None:
    seated = {assignment.person for assignment in city[2].assignments}
    assert seated == {draft.external_id for draft in city[2].people}


def test_some_sample_pupils_have_no_phone_or_email(
    city: tuple[Path, tuple[str, ...], Taken],
) -> None:
    pupils = [d.document for d in city[2].people if d.document["userType"] == "Student"]
    for attribute in ("phoneNumbers", "emails"):
        assert 0 < sum(attribute not in document for document in pupils) < len(pupils)


def test_sample_logins_are_ascii_and_unique(city: tuple[Path, tuple[str, ...], Taken]) -> None:
    logins = [draft.document["userName"] for draft in city[2].people]
    assert all(login.isascii() for login in logins)
    assert len(set(logins)) == len(logins)


@pytest.mark.parametrize("seed", range(3))
def test_a_sample_is_windows_1250_with_every_polish_letter(tmp_path: Path, seed: int) -> None:
    write_sample(tmp_path / "x", 200, seed)
    text = (tmp_path / "x" / "uczniowie.csv").read_bytes().decode("windows-1250")
    assert set("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ") <= set(text)
    assert text.splitlines()[0] == "Klucz;Imię;Nazwisko;Login;Telefon;E-mail;Drugie imię"


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_sample(tmp_path / name, 120, seed)
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")
    assert _bytes(tmp_path / "a") != _bytes(tmp_path / "c")


def test_schools_and_school_year_can_be_given(tmp_path: Path) -> None:
    schools = ("SP 7", "LO 3")
    assert write_sample(tmp_path / "x", 61, 1, schools, school_year="2027/2028") == schools
    taken = take(tmp_path / "x", schools=schools)
    pupils = [draft for draft in taken.people if draft.document["userType"] == "Student"]
    assert Counter(draft.schools for draft in pupils) == {("SP 7",): 31, ("LO 3",): 30}
    assert all("2027/28" in name for name in taken.group_names.values())


@pytest.mark.parametrize("pupils", [1, 2, 26])
def test_a_tiny_sample_is_read_without_a_problem(tmp_path: Path, pupils: int) -> None:
    schools = write_sample(tmp_path / "x", pupils, 1)
    assert len(take(tmp_path / "x", schools=schools).people) == pupils + max(1, pupils // 10)


def test_one_large_school_still_has_distinct_classes(tmp_path: Path) -> None:
    schools = write_sample(tmp_path / "x", 6_000, 1, ("LO 1",))
    assert take(tmp_path / "x", schools=schools).problems == ()


def test_a_sample_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "grupy.csv").write_text("x", encoding="utf-8")
    with pytest.raises(BadInput, match=r"already holds grupy\.csv"):
        write_sample(tmp_path, 10, 1)
    assert [entry.name for entry in tmp_path.iterdir()] == ["grupy.csv"]


@pytest.mark.parametrize("pupils", [0, 1])
def test_a_sample_has_a_pupil_in_each_school(tmp_path: Path, pupils: int) -> None:
    with pytest.raises(BadInput, match="at least one pupil"):
        write_sample(tmp_path / "x", pupils, 1, ("A", "B"))
    assert not (tmp_path / "x").exists()
