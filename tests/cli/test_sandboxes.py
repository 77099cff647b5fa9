"""``sandbox``: made, changed, emptied and removed by commands; a school's unit is none."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.test_commands import LABELS, Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def _count(shell: Shell, table: str) -> int:
    with sqlite3.connect(shell.folder / "school.db") as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_creating_prints_the_four_values_and_how_to_run_each_tester(shell: Shell) -> None:
    made = shell("sandbox", "create", "proba")
    values = dict(line.split(": ", 1) for line in made.stdout.splitlines())
    assert list(values) == list(LABELS)
    assert values["Web Access Url"] == "http://127.0.0.1:8000/proba/scim/v2"
    for command in ("scim2 -u", "scim-sanity probe"):
        assert f"{command} {values['Web Access Url']}" in made.stderr


def test_the_values_come_as_json_for_scripts(shell: Shell) -> None:
    values = json.loads(shell("sandbox", "create", "proba", "--json").stdout)
    assert set(values) == {*LABELS, "Expires"}


def test_a_name_in_use_is_refused_and_changes_nothing(shell: Shell) -> None:
    shell("sandbox", "create", "proba")
    assert "already" in shell("sandbox", "create", "proba", code=2).stderr
    assert _count(shell, "credential") == 1


def test_resetting_keeps_the_credentials_and_deleting_leaves_nothing(shell: Shell) -> None:
    shell("sandbox", "create", "proba")
    assert "is empty" in shell("sandbox", "reset", "proba").stdout
    assert _count(shell, "credential") == 1
    shell("sandbox", "delete", "proba")
    for table in ("unit", "client", "credential", "population"):
        assert _count(shell, table) == 0
    assert "no unit" in shell("sandbox", "reset", "proba", code=2).stderr


def test_what_is_for_one_kind_of_unit_is_refused_for_the_other(shell: Shell) -> None:
    """Red when a command looks a unit up without naming the kind that it is for."""
    shell("unit", "add", "sp12", "--domain", "sp12.example.pl")
    shell("sandbox", "create", "proba")
    for command in ("reset", "delete"):
        assert "for a sandbox unit" in shell("sandbox", command, "sp12", code=2).stderr
    assert "for a sandbox unit" in shell("sandbox", "set", "sp12", "--me", "x", code=2).stderr
    for arguments in (
        ("import", "proba", str(shell.folder)),
        ("consent", "proba", "on", "--by", "dyrektor"),
        ("unit", "add-school", "proba", "SP 1"),
        ("unit", "numeric-keys", "proba", "allow"),
    ):
        assert "for a register unit" in shell(*arguments, code=2).stderr


def test_status_and_the_list_tell_a_sandbox_from_a_school(shell: Shell) -> None:
    shell("unit", "add", "sp12", "--domain", "sp12.example.pl")
    shell("sandbox", "create", "proba")
    assert "proba  sandbox\n" in shell("unit", "list").stdout
    told = shell("status").stdout
    assert "proba (sandbox)\n  served: 0 people, 0 groups\n  secret " in told
    assert told.count("schools that publish") == 1


def test_nobody_can_be_me_who_is_not_a_user_of_the_sandbox(shell: Shell) -> None:
    shell("sandbox", "create", "proba")
    assert "no user" in shell("sandbox", "set", "proba", "--me", "anna", code=2).stderr
    shell("sandbox", "set", "proba", "--me", "", "--patch-answers", "204")
