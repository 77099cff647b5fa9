"""``credentials``: what is printed, written, listed and refused."""

from __future__ import annotations

import json
import re
import stat
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from scim_server.cli import cli
from tests.cli.test_commands import LABELS, Shell


@pytest.fixture
def unit(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell("unit", "add", "sp12", "--domain", "sp12.example.pl")
    return shell


def listed(shell: Shell, *options: str) -> list[dict[str, str]]:
    return json.loads(shell("credentials", "list", "--json", *options).stdout)  # type: ignore[no-any-return]


def test_rotating_prints_the_values_and_lists_both_secrets(unit: Shell) -> None:
    unit("credentials", "issue", "sp12")
    result = unit("credentials", "rotate", "sp12", "--overlap", "12h", "--reason", "staff-change")
    assert [line.partition(": ")[0] for line in result.stdout.splitlines()] == list(LABELS)
    assert "The old secret ends in 12 hours" in result.stderr
    assert "in Entra" in result.stderr
    assert [row["state"] for row in listed(unit)] == ["superseded", "active"]
    assert "last token never" in unit("credentials", "list").stdout


def test_a_secret_goes_into_a_new_file_that_its_owner_alone_can_read(unit: Shell) -> None:
    """Red when ``_destination`` opens the file without ``O_EXCL`` or with another mode."""
    file = unit.folder / "values"
    result = unit("credentials", "issue", "sp12", "--to", str(file))
    values = dict(line.split(": ") for line in file.read_text().splitlines())
    assert list(values) == list(LABELS)
    assert values["Client Secret"] not in result.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    before = file.read_text()
    assert "exists already" in unit(
        "credentials", "rotate", "sp12", "--to", str(file), code=2
    ).stderr  # fmt: skip
    assert file.read_text() == before
    assert len(listed(unit)) == 1


def test_a_refusal_leaves_no_file(unit: Shell) -> None:
    file = unit.folder / "values"
    unit("credentials", "rotate", "sp12", "--to", str(file), code=1)
    unit("credentials", "issue", "sp12", "--to", str(unit.folder / "no" / "values"), code=2)
    assert not file.exists()
    assert listed(unit) == []


def test_values_that_cannot_be_written_are_not_made(
    unit: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``_hand_out`` shows the values once the transaction has ended."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(import_module("scim_server.cli.credentials"), "show", full)
    file = unit.folder / "values"
    told = unit("credentials", "issue", "sp12", "--to", str(file), code=2).stderr
    assert "can't be written: No space left on device" in told
    assert not file.exists()
    assert listed(unit) == []


def test_a_list_fails_where_no_secret_lives_long_enough(unit: Shell) -> None:
    """Red when ``_refuse_short_lives`` looks at the first secret to end."""
    unit("credentials", "list", "--fail-within", "30d")  # never connected: nothing can fail
    unit("credentials", "issue", "sp12", "--expires", "40d")
    unit("credentials", "list", "--fail-within", "30d")
    failed = unit("credentials", "list", "--fail-within", "50d", code=1)
    assert "for: sp12-" in failed.stderr
    unit("credentials", "rotate", "sp12")
    unit("credentials", "list", "sp12", "--fail-within", "50d")


def test_a_list_shows_ended_secrets_when_asked(unit: Shell) -> None:
    unit("credentials", "issue", "sp12")
    unit("credentials", "rotate", "sp12", "--overlap", "0d")
    assert [row["state"] for row in listed(unit)] == ["active"]
    assert [row["state"] for row in listed(unit, "--all")] == ["ended", "active"]


def test_the_last_secret_is_revoked_by_force_alone(unit: Shell) -> None:
    unit("credentials", "issue", "sp12")
    (row,) = listed(unit)
    assert "--force" in unit("credentials", "revoke", "sp12", row["secret"], code=1).stderr
    unit("credentials", "revoke", "sp12", row["secret"], "--force", "--reason", "leaked")
    assert listed(unit) == []
    assert "revoked, since" in unit("credentials", "list", "--all").stdout


def test_show_prints_everything_but_the_secret(unit: Shell) -> None:
    assert "No secret yet" in unit("credentials", "show", "sp12").stderr
    issued = unit("credentials", "issue", "sp12").stdout
    values = dict(line.split(": ") for line in issued.splitlines())
    shown = unit("credentials", "show", "sp12").stdout
    assert values.pop("Client Secret") not in shown
    for label, value in values.items():
        assert f"{label}: {value}" in shown


@pytest.mark.parametrize(
    "options", [("--expires", "29d"), ("--expires", "1096d"), ("--expires", "soon")]
)
def test_a_life_that_cannot_be_is_told(unit: Shell, options: tuple[str, ...]) -> None:
    unit("credentials", "issue", "sp12", *options, code=2)
    assert listed(unit, "--all") == []


def test_clients_are_added_listed_disabled_and_deleted(unit: Shell) -> None:
    unit("credentials", "issue", "sp12")
    assert "--client sds" in unit("client", "add", "sp12", "sds", "--scope", "scim.read").stdout
    unit("credentials", "issue", "sp12", code=2)
    unit("credentials", "issue", "sp12", "--client", "sds")
    lines = unit("client", "list", "sp12").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["main", "sds"]
    unit("client", "disable", "sp12", "sds")
    assert (
        unit("client", "list", "sp12")
        .stdout.splitlines()[1]
        .endswith("  disabled  last used never")
    )
    unit("client", "enable", "sp12", "sds")
    assert "disabled" not in unit("client", "list", "sp12").stdout
    unit("client", "delete", "sp12", "sds", code=1)  # asked, and nobody says yes
    assert len(listed(unit)) == 2
    unit("client", "delete", "sp12", "sds", "--yes")
    assert len(listed(unit)) == 1
    assert "no such client" in unit("client", "delete", "sp12", "sds", "--yes", code=2).stderr


def test_a_copying_error_is_told_without_asking_the_server(unit: Shell) -> None:
    """Red when ``recognise`` doesn't ask for the checksum."""
    issued = unit("credentials", "issue", "sp12").stdout
    secret = dict(line.split(": ") for line in issued.splitlines())["Client Secret"]

    def check(text: str, code: int, name: str = "sp12") -> str:
        result = CliRunner().invoke(
            cli, ["credentials", "check", name], input=text, env=unit.environ
        )
        assert result.exit_code == code, result.output
        assert text.strip() not in result.output
        return result.output

    assert "active" in check(f"{secret}\n", 0)
    swapped = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    assert "a character is wrong" in check(swapped, 2)
    assert "this text has 66" in check(secret[:-1], 2)
    unit("unit", "add", "lo3", "--domain", "lo3.example.pl")
    assert "none that 'lo3' was given" in check(secret, 1, "lo3")


def test_status_warns_of_what_ends_soon(unit: Shell) -> None:
    unit("credentials", "issue", "sp12")
    assert "warning" not in unit("status").stdout
    unit("credentials", "rotate", "sp12", "--overlap", "1d")
    assert "warning: The new secret" in unit("status").stdout


def test_a_bearer_is_printed_under_the_labels_of_the_older_form(unit: Shell) -> None:
    unit.environ["SCIM_LONG_LIVED_TOKENS"] = "on"
    result = unit("credentials", "bearer", "sp12")
    values = dict(line.split(": ") for line in result.stdout.splitlines())
    assert list(values) == ["Tenant URL", "Secret token"]
    assert values["Tenant URL"] == "http://127.0.0.1:8000/sp12/scim/v2"
    assert re.fullmatch(r"uonet_bt_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}", values["Secret token"])
    assert re.search(r"It ends on \d{4}-\d\d-\d\d", result.stderr)
    assert "prefer client credentials" in result.stderr
    as_json = json.loads(unit("credentials", "bearer", "sp12", "--json").stdout)
    assert set(as_json) == {"Tenant URL", "Secret token", "Expires"}
    assert "two live bearers" in unit("credentials", "bearer", "sp12", code=1).stderr


def test_a_bearer_goes_into_a_new_private_file(unit: Shell) -> None:
    unit.environ["SCIM_LONG_LIVED_TOKENS"] = "on"
    file = unit.folder / "values"
    result = unit("credentials", "bearer", "sp12", "--to", str(file))
    assert "uonet_bt_" in file.read_text()
    assert "uonet_bt_" not in result.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_bearer_without_the_setting_which_is_named(unit: Shell) -> None:
    """Red when ``bearer`` doesn't hand the setting on."""
    refused = unit("credentials", "bearer", "sp12", code=1)
    assert "SCIM_LONG_LIVED_TOKENS=on" in refused.stderr
    assert "uonet_bt_" not in refused.output
    assert listed(unit, "--all") == []


def test_bearers_are_listed_checked_and_revoked_as_what_they_are(unit: Shell) -> None:
    unit("credentials", "issue", "sp12")
    unit.environ["SCIM_LONG_LIVED_TOKENS"] = "on"
    text = json.loads(unit("credentials", "bearer", "sp12", "--json").stdout)["Secret token"]
    assert [row["kind"] for row in listed(unit)] == ["bearer", "secret"]
    assert "sp12  bearer " in unit("credentials", "list").stdout
    assert "Secret token " in unit("credentials", "show", "sp12").stdout
    checked = CliRunner().invoke(
        cli, ["credentials", "check", "sp12"], input=text, env=unit.environ
    )
    assert "A whole bearer" in checked.output
    status = unit("status").stdout
    assert "Long-lived bearers are accepted" in status
    assert "  bearer " in status
    del unit.environ["SCIM_LONG_LIVED_TOKENS"]
    status = unit("status").stdout
    assert "Long-lived bearers are accepted" not in status
    assert "not accepted: SCIM_LONG_LIVED_TOKENS is off" in status
    unit("credentials", "revoke", "sp12", listed(unit)[0]["secret"])
    assert [row["kind"] for row in listed(unit)] == ["secret"]


def test_a_bearer_that_ends_soon_fails_the_list_beside_a_lasting_secret(unit: Shell) -> None:
    """Red when ``_refuse_short_lives`` looks at the client alone."""
    unit.environ["SCIM_LONG_LIVED_TOKENS"] = "on"
    unit("credentials", "issue", "sp12")
    unit("credentials", "bearer", "sp12", "--expires", "20d")
    failed = unit("credentials", "list", "--fail-within", "30d", code=1)
    assert "(bearer)" in failed.stderr
    assert "(secret)" not in failed.stderr
    unit("credentials", "bearer", "sp12")
    unit("credentials", "list", "--fail-within", "30d")
