"""The commands: what they print, what they refuse, and with which exit code."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner, Result

from scim_server.cli import cli
from tests.school import KEY, PUPILS, write_files

LABELS = ("Web Access Url", "Client Id", "Client Secret", "Token endpoint Url")


class Shell:
    """Runs commands with a master key and a database file of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {
            "SCIM_MASTER_KEY": KEY,
            "SCIM_DATABASE_URL": f"sqlite:///{folder}/school.db",
        }

    def __call__(self, *arguments: str, code: int = 0) -> Result:
        with patch.dict(os.environ):  # the demo makes its settings the process's own
            result = CliRunner().invoke(cli, arguments, env=self.environ)
        assert result.exit_code == code, result.output
        return result


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def school(shell: Shell) -> Shell:
    """A unit with its files imported, and no decision yet."""
    shell("unit", "add", "sp12", "--domain", "sp12.example.pl", "--school", "SP 12",
          "--school", "LO 3")  # fmt: skip
    write_files(shell.folder / "export")
    shell("import", "sp12", str(shell.folder / "export"))
    return shell


def test_the_four_values_are_printed_once_each_on_a_line_under_their_labels(school: Shell) -> None:
    lines = school("credentials", "issue", "sp12").stdout.splitlines()
    assert [line.partition(": ")[0] for line in lines] == list(LABELS)
    values = [line.partition(": ")[2] for line in lines]
    assert values[0] == "http://127.0.0.1:8000/sp12/scim/v2"
    assert re.fullmatch(r"uonet_cs_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}", values[2])
    assert values[3] == "http://127.0.0.1:8000/sp12/oauth2/token"


def test_the_four_values_come_as_json_for_scripts(school: Shell) -> None:
    values = json.loads(school("credentials", "issue", "sp12", "--json").stdout)
    assert set(values) == {*LABELS, "Expires"}


def test_a_third_live_secret_is_refused(school: Shell) -> None:
    for _ in range(2):
        school("credentials", "issue", "sp12")
    assert "two live secrets" in school("credentials", "issue", "sp12", code=1).stderr


def test_a_revoked_secret_makes_room_for_another(school: Shell) -> None:
    for _ in range(2):
        school("credentials", "issue", "sp12")
    found = re.search(r"secret (\w{8}) of", school("status").stdout)
    assert found
    school("credentials", "revoke", "sp12", found[1])
    school("credentials", "issue", "sp12")
    assert "no live secret" in school("credentials", "revoke", "sp12", found[1], code=2).stderr


def test_issuing_before_any_decision_says_that_tokens_are_refused(school: Shell) -> None:
    assert "No school of the unit publishes yet" in school("credentials", "issue", "sp12").stderr


def test_status_tells_what_an_operator_looks_for_first(school: Shell) -> None:
    school("consent", "sp12", "--school", "sp 12", "on", "--by", "dyrektor")
    school("credentials", "issue", "sp12")
    shown = school("status").stdout
    assert "schools that publish: 1 of 2" in shown
    assert "served: 4 people, 2 groups" in shown
    assert "active in the register: 5 pupils, 2 employees, 3 groups" in shown
    assert re.search(r"last import: \d{4}-\d\d-\d\d", shown)
    assert "last read never" in shown
    assert re.search(r"ends in 36\d days", shown)


def test_a_withdrawn_decision_says_what_follows(school: Shell) -> None:
    school("consent", "sp12", "--school", "SP 12", "on", "--by", "dyrektor")
    off = ("consent", "sp12", "--school", "SP 12", "off", "--by", "dyrektor", "--yes")
    shown = school(*off).stdout
    assert "SP 12: Synchronizacja z Office 365 = Nie" in shown
    assert "tokens are refused" in shown


def test_a_dry_run_prints_the_plan_and_a_run_applies_it(school: Shell) -> None:
    write_files(school.folder / "export", pupils=PUPILS.replace("Kowalska", "Nowicka"))
    export = str(school.folder / "export")
    dry = school("import", "sp12", export, "--dry-run").stdout
    assert "1 changed" in dry
    assert "pupils U-4: changed" in dry
    assert "Dry run: nothing was changed." in dry
    assert "Applied." in school("import", "sp12", export).stdout


def test_problems_are_told_by_place_and_rule_and_never_by_value(school: Shell) -> None:
    write_files(school.folder / "export", pupils=PUPILS.replace("jan.zolc;", "jan żółć;"))
    refused = school("import", "sp12", str(school.folder / "export"), code=2)
    assert "uczniowie.csv:3: " in refused.stderr
    assert "--skip-invalid" in refused.stderr
    assert "żółć" not in refused.output.lower()
    rest = school("import", "sp12", str(school.folder / "export"), "--skip-invalid")
    assert "left out: uczniowie.csv:3: " in rest.stderr


def test_many_problems_of_one_kind_are_counted(school: Shell) -> None:
    lines = "".join(f"G-1;nobody-{n}\n" for n in range(200))
    write_files(school.folder / "export", assignments=f"grupa;osoba\n{lines}")
    refused = school("import", "sp12", str(school.folder / "export"), code=2)
    assert len(refused.stderr.splitlines()) < 70
    assert "150 more: przydzialy.csv" in refused.stderr
    assert "200 problems in the files" in refused.stderr


def test_a_guard_refuses_with_exit_code_1(school: Shell) -> None:
    half = "\n".join(PUPILS.splitlines()[:3]) + "\n"
    write_files(school.folder / "export", pupils=half, assignments="grupa;osoba\nG-1;U-1\n")
    refused = school("import", "sp12", str(school.folder / "export"), code=1)
    assert "--allow-deactivations" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("import", "nowhere", "."), "There is no unit 'nowhere'"),
        (("import", "sp12", "no-such-folder"), "no-such-folder is neither a folder nor a zip"),
        (("consent", "sp12", "on", "--by", "x"), "Name one with --school"),
        (("consent", "sp12", "on", "--by", "x", "--school", "SP 1"), "has no school 'SP 1'"),
        (("unit", "add", "SP 12", "--domain", "a.pl"), "stands in its address"),
        (("unit", "add", "sp12", "--domain", "a.pl"), "already"),
        (("unit", "add", "sp13", "--domain", "no domain"), "domain name"),
        (("unit", "add-school", "sp12", "sp 12"), "already"),
    ],
)
def test_bad_input_is_told_in_a_sentence(
    school: Shell, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in school(*arguments, code=2).stderr


def test_bad_settings_end_with_exit_code_3(shell: Shell) -> None:
    shell.environ["SCIM_MASTER_KEY"] = "short"
    assert "SCIM_MASTER_KEY" in shell("status", code=3).stderr


def test_config_prints_settings_and_masks_secrets(shell: Shell) -> None:
    shown = shell("config").stdout
    assert "page_size_max = 1000" in shown or "SCIM_PAGE_SIZE_MAX" in shown
    assert KEY not in shown


def test_a_unit_and_its_schools_are_listed_with_their_decisions(school: Shell) -> None:
    school("unit", "add-school", "sp12", "SP 40")
    shown = school("unit", "list").stdout
    assert "sp12  register  sp12.example.pl" in shown
    assert "SP 40: Synchronizacja z Office 365 = Nie" in shown


def test_numeric_keys_can_be_allowed(school: Shell) -> None:
    assert "allow" in school("unit", "numeric-keys", "sp12", "allow").stdout


def test_the_first_command_sets_an_empty_database_up(shell: Shell) -> None:
    assert "No units." in shell("status").stdout
    assert stat.S_IMODE((shell.folder / "school.db").stat().st_mode) == 0o600


def test_a_sample_tells_how_to_add_its_unit(shell: Shell) -> None:
    shown = shell("sample", str(shell.folder / "made-up"), "--pupils", "30").stdout
    assert "scim-server unit add NAME --domain DOMAIN" in shown
    assert (shell.folder / "made-up" / "przydzialy.csv").exists()


def test_the_demo_goes_on_with_its_school_and_credentials(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["scim_server.cli.demo"]  # the package's attribute is the command
    monkeypatch.setattr(module, "run", lambda _settings: None)
    data = shell.folder / "demo"
    first = shell("demo", "--data", str(data), "--port", "8123").stdout
    second = shell("demo", "--data", str(data), "--port", "8123").stdout
    assert first == second
    assert [line.partition(": ")[0] for line in first.splitlines()[:4]] == list(LABELS)
    for unit, note in (("sp12", "credentials"), ("sandbox", "sandbox-credentials")):
        assert f"Web Access Url: http://127.0.0.1:8123/{unit}/scim/v2" in first
        assert stat.S_IMODE((data / note).stat().st_mode) == 0o600
    assert "scim2 -u http://127.0.0.1:8123/sandbox/scim/v2" in first
