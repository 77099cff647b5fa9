"""``consent``: what „Nie” leads to is told and asked before, and every decision can be seen."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scim_server.cli import cli
from scim_server.cli.opening import operator
from tests.cli.test_commands import Shell
from tests.school import write_files

OFF = ("consent", "sp12", "off", "--school", "SP 12", "--by", "dyrektor SP 12")


@pytest.fixture
def school(tmp_path: Path) -> Shell:
    """A unit whose two schools publish."""
    shell = Shell(tmp_path)
    shell("unit", "add", "sp12", "--domain", "sp12.example.pl", "--school", "SP 12",
          "--school", "LO 3")  # fmt: skip
    write_files(shell.folder / "export")
    shell("import", "sp12", str(shell.folder / "export"))
    for name in ("SP 12", "LO 3"):
        shell("consent", "sp12", "on", "--school", name, "--by", f"dyrektor {name}")
    return shell


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """As though a person sat there."""
    monkeypatch.setattr(import_module("scim_server.cli.asking"), "_look_for_a_person", lambda: None)


def answered(shell: Shell, text: str) -> Result:
    return CliRunner().invoke(cli, OFF, input=text, env=shell.environ)


def state(shell: Shell) -> dict[str, Any]:
    return json.loads(shell("consent", "sp12", "--json").stdout)  # type: ignore[no-any-return]


def test_without_a_terminal_nothing_is_withdrawn(school: Shell) -> None:
    """Red when ``agreed`` doesn't call ``_look_for_a_person``."""
    before = state(school)
    refused = answered(school, "y\n")
    assert refused.exit_code == 1
    assert "--yes" in refused.stderr
    assert state(school) == before


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("answer", ["", "\n", "n\n", "N\n"])
def test_whoever_does_not_agree_changes_nothing(school: Shell, answer: str) -> None:
    """Red when the question's default is yes."""
    before = state(school)
    assert answered(school, answer).exit_code == 1
    assert state(school) == before


@pytest.mark.usefixtures("terminal")
def test_whoever_agrees_has_read_what_follows(school: Shell) -> None:
    """Red when ``_warn`` asks before it tells."""
    done = answered(school, "y\n")
    assert done.exit_code == 0
    assert done.stdout == "SP 12: Synchronizacja z Office 365 = Nie\n"
    told, _, question = done.stderr.partition("Zapisać decyzję „Nie”?")
    assert question
    assert told.index("znikają osoby: 3 i grupy: 2") < told.index("people: 3,")
    assert "zostają, bez grup tej szkoły: 1" in told
    assert "this school: 1" in told
    for consumer in (
        "Microsoft Entra, jeśli czyta", "Microsoft Entra, if it reads",
        "Wysyłanie do Microsoft Entra", "The push to Microsoft Entra",
        "School Data Sync, jeśli czyta", "School Data Sync, if it reads",
        "plikach CSV", "CSV files",
    ):  # fmt: skip
        assert told.count(consumer) == 1
    assert "kwarantann" not in told


def test_the_last_school_is_told_of_refusals_and_of_no_empty_list(school: Shell) -> None:
    """Red when ``of_withdrawal`` tells the last school what it tells one of several."""
    school(*OFF, "--yes")
    told = school("consent", "sp12", "off", "--school", "LO 3", "--by", "x", "--yes").stderr
    for part in (
        "unauthorized_client", "401", "Nie podaje pustej listy", "no empty list", "kwarantannie",
        "quarantine", "osoby: 4, grupy: 1", "people: 4, groups: 1", "its run fails",
        "Entra nie blokuje kont", "Entra blocks no account", "nie wypisze nowych",
        "writes no new ones",
    ):  # fmt: skip
        assert part in told


def test_a_school_that_does_not_publish_is_not_asked(school: Shell) -> None:
    school(*OFF, "--yes")
    again = school(*OFF)
    assert "nie udostępnia danych już teraz" in again.stderr
    assert len(state(school)["decisions"]) == 4


def test_without_a_decision_the_state_and_the_history_are_shown(school: Shell) -> None:
    """Red when ``history`` gives the newest first, or leaves one out."""
    school(*OFF, "--yes", "--text", "vulcan-800")
    lines = school("consent", "sp12").stdout.splitlines()
    assert lines[:2] == [
        "SP 12: Synchronizacja z Office 365 = Nie",
        "LO 3: Synchronizacja z Office 365 = Tak",
    ]
    who = f"recorded by {operator()}"
    assert [line.split("UTC  ")[1] for line in lines[2:]] == [
        f"SP 12: Tak, by dyrektor SP 12, text vulcan-757, {who}",
        f"LO 3: Tak, by dyrektor LO 3, text vulcan-757, {who}",
        f"SP 12: Nie, by dyrektor SP 12, text vulcan-800, {who}",
    ]


def test_scripts_get_the_same_as_json(school: Shell) -> None:
    answer = json.loads(school(*OFF, "--yes", "--json").stdout)
    assert answer == state(school)
    assert answer["unit"] == "sp12"
    assert answer["publishes"] is True
    assert answer["schools"] == [
        {"school": "SP 12", "synchronised": False}, {"school": "LO 3", "synchronised": True},
    ]  # fmt: skip
    assert list(answer["decisions"][-1]) == [
        "school", "synchronised", "decided_by", "at", "text_version", "recorded_by",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("consent", "sp12", "on"), "--by NAME"),
        (("consent", "sp12", "--by", "dyrektor"), "on (Tak) or off (Nie)"),
        (("consent", "sp12", "--school", "SP 12"), "on (Tak) or off (Nie)"),
        (("consent", "sp12", "off", "--by", "x", "--yes"), "Name one with --school"),
        (("consent", "nowhere"), "no unit"),
    ],
)
def test_half_a_decision_is_none(school: Shell, arguments: tuple[str, ...], sentence: str) -> None:
    before = state(school)
    assert sentence in school(*arguments, code=2).stderr
    assert state(school) == before
