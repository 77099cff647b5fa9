"""Display names of groups."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_server.register.group_names import Nameable, display_names, fold
from tests.register.made_up import group, problems_of, take, write_export

CITY = {"schools": ("SP 1", "SP 2")}


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ({"classes": "2A"}, "Matematyka rozszerzona – 2A – 2026/27"),
        (
            {"subject": "Język angielski", "classes": "1A", "group_name": "JA_1"},
            "Język angielski – 1A JA_1 – 2026/27",
        ),
        (
            {"subject": "WF", "classes": "1B, 1A", "group_name": "WF_dz_1"},
            "WF – 1A/1B WF_dz_1 – 2026/27",
        ),
        ({"subject": "Chór", "classes": "", "group_name": "Alty"}, "Chór – Alty – 2026/27"),
    ],
)
def test_a_name_is_subject_classes_group_and_year(
    tmp_path: Path, cells: dict[str, str], name: str
) -> None:
    taken = take(write_export(tmp_path / "x", groups=[group(**cells)]))
    assert taken.group_names == {"G-1": name}


def _names(folder: Path, *rows: Any) -> dict[str, str]:
    return take(write_export(folder, groups=rows), **CITY).group_names


ONE = group(1, subject="WF", classes="1A", school="SP 1")
OTHER_SCHOOL = group(2, subject="wf", classes="1a", school="SP 2")
SAME_SCHOOL = group(3, subject="WF", classes="1A", school="SP 1")
ALONE = group(4, subject="WF", classes="2A", school="SP 2")


def test_groups_of_a_unit_of_several_schools_get_their_school(tmp_path: Path) -> None:
    assert _names(tmp_path / "x", ONE, OTHER_SCHOOL, ALONE) == {
        "G-1": "WF – 1A – 2026/27 – SP 1",
        "G-2": "wf – 1a – 2026/27 – SP 2",
        "G-4": "WF – 2A – 2026/27 – SP 2",
    }


def test_a_name_does_not_change_with_what_another_school_teaches(tmp_path: Path) -> None:
    alone = _names(tmp_path / "alone", ONE)
    together = _names(tmp_path / "together", ONE, OTHER_SCHOOL)
    assert alone["G-1"] == together["G-1"]


def test_groups_of_one_school_with_one_name_get_their_key(tmp_path: Path) -> None:
    assert _names(tmp_path / "x", ONE, SAME_SCHOOL) == {
        "G-1": "WF – 1A – 2026/27 – SP 1 (G-1)",
        "G-3": "WF – 1A – 2026/27 – SP 1 (G-3)",
    }


def test_the_key_is_added_only_where_the_school_is_not_enough(tmp_path: Path) -> None:
    assert _names(tmp_path / "x", ONE, OTHER_SCHOOL, SAME_SCHOOL) == {
        "G-1": "WF – 1A – 2026/27 – SP 1 (G-1)",
        "G-2": "wf – 1a – 2026/27 – SP 2",
        "G-3": "WF – 1A – 2026/27 – SP 1 (G-3)",
    }


def test_names_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    every = [
        _names(tmp_path / str(at), *rows)
        for at, rows in enumerate(permutations((ONE, OTHER_SCHOOL, SAME_SCHOOL, ALONE)))
    ]
    assert all(names == every[0] for names in every)


def test_names_differ_by_more_than_case(tmp_path: Path) -> None:
    first, second = (group(at, subject=name, classes="1A") for at, name in ((1, "Wf"), (2, "wF")))
    taken = take(write_export(tmp_path / "x", groups=[first, second]))
    assert len({fold(name) for name in taken.group_names.values()}) == 2


groups = st.lists(
    st.builds(
        Nameable,
        st.text("abcdefgh123", min_size=1, max_size=3),
        st.sampled_from(["WF – 1A", "wf – 1a", "WF – 2A", "WF – 1A – SP 1"]),
        st.sampled_from(["SP 1", "SP 2", "SP 3"]),
    ),
    unique_by=lambda group: group.key,
    max_size=12,
)


@given(groups, st.randoms(), st.booleans())
def test_names_are_unique_and_the_same_in_any_order(
    named: list[Nameable], order: Any, name_schools: bool
) -> None:
    names = display_names(named, name_schools=name_schools)
    assert len({fold(name) for name in names.values()}) == len(named)
    shuffled = list(named)
    order.shuffle(shuffled)
    assert display_names(shuffled, name_schools=name_schools) == names


def test_groups_that_even_the_key_does_not_tell_apart_are_a_problem(tmp_path: Path) -> None:
    rows = [group(1, key="ab", classes="1A"), group(2, key="AB", classes="1A")]
    assert [str(problem) for problem in problems_of(tmp_path, groups=rows)] == [
        "grupy.csv:3: Przedmiot: makes a display name that another group has"
    ]


def test_a_display_name_has_at_most_256_characters(tmp_path: Path) -> None:
    rest = len(" – 1A – 2026/27")
    rows = [
        group(1, subject="x" * (256 - rest), classes="1A"),
        group(2, subject="y" * (257 - rest), classes="1A"),
    ]
    assert [str(problem) for problem in problems_of(tmp_path, groups=rows)] == [
        "grupy.csv:3: Przedmiot: makes a display name longer than 256 characters"
    ]


def test_a_group_key_that_comes_twice_is_a_problem_and_neither_is_published(
    tmp_path: Path,
) -> None:
    path = write_export(tmp_path / "x", groups=[group(1), group(2), group(2, classes="3A")])
    taken = take(path, skip_invalid=True)
    assert taken.keys == ["G-1"]
    assert [str(problem) for problem in taken.problems] == [
        "grupy.csv:4: Klucz: the key is given before, in grupy.csv:3"
    ]


def test_a_group_that_is_left_out_renames_no_other(tmp_path: Path) -> None:
    rows = [group(1, classes="1A"), group(2, classes="1A", key="G 2")]
    taken = take(write_export(tmp_path / "x", groups=rows), skip_invalid=True)
    assert taken.group_names == {"G-1": "Matematyka rozszerzona – 1A – 2026/27"}
