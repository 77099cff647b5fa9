"""``unit remove``: asked for by name, done as a whole, and proven; never by accident."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scim_server.cli import cli
from tests.cli.test_commands import Shell
from tests.school import write_files


@pytest.fixture
def school(tmp_path: Path) -> Shell:
    """A unit of two schools with its files imported."""
    shell = Shell(tmp_path)
    shell("unit", "add", "sp12", "--domain", "sp12.example.pl", "--school", "SP 12",
          "--school", "LO 3")  # fmt: skip
    write_files(shell.folder / "export")
    shell("import", "sp12", str(shell.folder / "export"))
    return shell


def count(shell: Shell, table: str) -> int:
    with closing(sqlite3.connect(shell.folder / "school.db")) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def typed(shell: Shell, text: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, input=text, env=shell.environ)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """As though a person sat there."""
    monkeypatch.setattr(import_module("scim_server.cli.asking"), "_look_for_a_person", lambda: None)


def test_without_a_terminal_nothing_is_removed(school: Shell) -> None:
    """Red when ``typed`` doesn't call ``_look_for_a_person``."""
    refused = typed(school, "sp12\n", "unit", "remove", "sp12")
    assert refused.exit_code == 1
    assert "--yes" in refused.stderr
    assert count(school, "unit") == 1


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("answer", ["", "y", "SP12", "sp1", "sp12 x"])
def test_another_name_removes_nothing(school: Shell, answer: str) -> None:
    """Red when ``typed`` takes any answer for the name."""
    refused = typed(school, f"{answer}\n", "unit", "remove", "sp12")
    assert refused.exit_code == 1
    assert "another name" in refused.stderr
    assert count(school, "unit") == 1


@pytest.mark.usefixtures("terminal")
def test_the_name_typed_removes_it_and_the_proof_is_told(school: Shell) -> None:
    school("credentials", "issue", "sp12")
    done = typed(school, "sp12\n", "unit", "remove", "sp12")
    assert done.exit_code == 0, done.output
    had = "7 people, 3 groups, 2 schools, 1 clients"
    assert f"The unit sp12 will be erased: {had}." in done.stderr
    assert f"The unit sp12 was erased: {had}." in done.stdout
    assert "bytes of files: nothing of the unit is left." in done.stdout
    assert "Backups still hold it" in done.stdout
    for table in ("unit", "school", "resource", "client", "credential", "decision"):
        assert count(school, table) == 0


def test_scripts_say_yes_and_another_unit_stays(school: Shell) -> None:
    school("sandbox", "create", "proba")
    before = count(school, "resource")
    school("unit", "remove", "proba", "--yes")
    assert "sp12  register" in school("unit", "list").stdout
    assert count(school, "resource") == before
    assert "no unit 'proba'" in school("unit", "remove", "proba", "--yes", code=2).stderr


def test_files_that_are_in_use_are_told_and_tidied_later(
    school: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``remove`` ends with 0 whatever ``tidy`` answers."""
    monkeypatch.setattr(import_module("scim_server.database.tidying"), "_PATIENCE_MILLISECONDS", 0)
    with closing(sqlite3.connect(school.folder / "school.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM resource").fetchall()
        told = school("unit", "remove", "sp12", "--yes", code=1)
        assert "another process is reading" in told.stderr
        assert "scim-server database tidy" in told.stderr
        assert "tables: no row of the unit is left." in told.stdout
        assert "another process is reading" in school("database", "tidy", code=3).stderr
    assert count(school, "unit") == 0
    assert "nothing of what was deleted" in school("database", "tidy").stdout


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_is_erased_from_postgresql_too(school: Shell, database_url: str) -> None:
    school.environ["SCIM_DATABASE_URL"] = database_url
    school("unit", "add", "sp12", "--domain", "sp12.example.pl", "--school", "SP 12",
           "--school", "LO 3")  # fmt: skip
    school("import", "sp12", str(school.folder / "export"))
    told = school("unit", "remove", "sp12", "--yes").stdout
    assert "7 people, 3 groups, 2 schools, 0 clients" in told
    assert "tables: no row of the unit is left." in told
    assert "nothing of what was deleted" in school("database", "tidy").stdout


def test_something_that_is_left_is_told_by_its_place(
    school: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``remove`` ends with 0 whatever ``search`` finds."""

    def forgetful(*_: Any, **__: Any) -> dict[str, int]:
        return {"people": 7}

    monkeypatch.setattr(import_module("scim_server.oauth.removal"), "remove", forgetful)
    told = school("unit", "remove", "sp12", "--yes", code=1)
    assert "table resource: 10 row(s)" in told.stderr
    assert "file school.db: " in told.stderr
    assert "nothing of the unit is left" not in told.stdout
    assert "kowalska" not in told.output.lower()


def test_a_name_that_is_free_again_can_be_used(school: Shell) -> None:
    school("unit", "remove", "sp12", "--yes")
    school("unit", "add", "sp12", "--domain", "sp12.example.pl")
    assert "no decision" not in school("consent", "sp12").output
    assert school("consent", "sp12").stdout == "sp12: Synchronizacja z Office 365 = Nie\n"


@pytest.mark.parametrize(
    "add", [("unit", "add", "lo3", "--domain", "a.pl"), ("sandbox", "create", "x")]
)
def test_a_new_unit_begins_without_what_was_written_late_about_a_removed_one(
    school: Shell, add: tuple[str, ...]
) -> None:
    """Red when a unit is added without ``sweep``: it may have the number of the other."""
    school("unit", "remove", "sp12", "--yes")
    with closing(sqlite3.connect(school.folder / "school-tokens.db")) as tokens, tokens:
        tokens.execute("INSERT INTO disclosure VALUES (1, 'sp12-x', 0, 0, 0, x'00')")
    school(*add)
    with closing(sqlite3.connect(school.folder / "school-tokens.db")) as tokens:
        assert tokens.execute("SELECT count(*) FROM disclosure").fetchone() == (0,)
