"""``audit`` and ``disclosures``, as an administrator and an inspector use them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from scim_server.app import create_app
from scim_server.settings import Settings
from tests.cli.test_commands import LABELS, Shell
from tests.school import write_files


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def kept(shell: Shell) -> Shell:
    """Three entries, and an anchor file that every command adds to."""
    shell.environ["SCIM_AUDIT_ANCHOR_FILE"] = str(shell.folder / "anchors")
    shell("unit", "add", "sp12", "--domain", "sp12.example.pl")
    shell("credentials", "issue", "sp12", "--to", str(shell.folder / "values"))
    return shell


def changed(shell: Shell, statement: str) -> None:
    with sqlite3.connect(shell.folder / "school.db") as connection:
        connection.execute(statement)


def test_the_record_is_shown_newest_last(kept: Shell) -> None:
    lines = kept("audit", "show").stdout.splitlines()
    assert [line.split()[5] for line in lines] == [
        "unit.added", "client.added", "credential.issued",
    ]  # fmt: skip
    assert kept("audit", "show", "--last", "1").stdout.splitlines() == lines[-1:]
    assert kept("audit", "show", "sp12", "--action", "unit.added").stdout.splitlines() == lines[:1]
    assert "No such entries" in kept("audit", "show", "none").stderr


def test_the_record_is_exported_whole(kept: Shell) -> None:
    path = kept.folder / "record.jsonl"
    kept("audit", "export", "--to", str(path))
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert all(len(row["mac"]) == 64 for row in rows)
    assert path.stat().st_mode & 0o777 == 0o600
    assert kept("audit", "export").stdout == path.read_text()


def test_an_unaltered_record_is_said_to_be_so(kept: Shell) -> None:
    end = kept("audit", "anchor").stdout.strip()
    assert kept("audit", "verify").stdout == f"3 entries, unaltered. The end: {end}\n"
    del kept.environ["SCIM_AUDIT_ANCHOR_FILE"]
    assert "Not held against an anchor" in kept("audit", "verify").stdout
    assert "Not held" not in kept("audit", "verify", "--anchor", end).stdout


def test_every_command_that_records_adds_an_anchor(kept: Shell) -> None:
    """Red when ``opened`` no longer anchors."""
    anchors = (kept.folder / "anchors").read_text().splitlines()
    assert [line.split()[1].partition(":")[0] for line in anchors] == ["1", "3"]
    kept("status")
    assert (kept.folder / "anchors").read_text().splitlines() == anchors


def test_an_altered_record_is_refused(kept: Shell) -> None:
    changed(kept, "UPDATE audit_entry SET actor = 'os:other' WHERE number = 2")
    shown = kept("audit", "verify", code=1)
    assert "Entry 2 was altered" in shown.stdout
    assert "isn't what was written" in shown.stderr


def test_a_record_whose_end_was_cut_off_is_refused(kept: Shell) -> None:
    """Red when ``verify`` doesn't read the anchor file by itself, or adds to it before."""
    changed(kept, "DELETE FROM audit_entry WHERE number = 3")
    assert "Entry 3, which was anchored, is missing" in kept("audit", "verify", code=1).stdout


@pytest.mark.parametrize("given", ["57", "no/such/file", "57:abc"])
def test_what_is_no_anchor_is_bad_input(kept: Shell, given: str) -> None:
    assert given in kept("audit", "verify", "--anchor", given, code=2).stderr


def test_a_file_without_anchors_is_bad_input(kept: Shell) -> None:
    path = kept.folder / "empty"
    path.touch()
    assert "no anchor in" in kept("audit", "verify", "--anchor", str(path), code=2).stderr


def test_an_anchor_file_that_cannot_be_written_stops_no_command(kept: Shell) -> None:
    kept.environ["SCIM_AUDIT_ANCHOR_FILE"] = str(kept.folder)
    assert "wasn't added to" in kept("client", "disable", "sp12", "main").stderr


def test_an_empty_record_has_no_anchor(shell: Shell) -> None:
    assert "is empty" in shell("audit", "anchor", code=1).stderr


def test_who_was_given_a_person_is_told_by_the_hour(school: Shell) -> None:
    issued = json.loads(school("credentials", "issue", "sp12", "--json").stdout)
    for name in ("SP 12", "LO 3"):
        school("consent", "sp12", "on", "--school", name, "--by", "director")
    assert school("disclosures", "sp12", "--person", "U-1").stderr == "To nobody yet.\n"
    settings = Settings.load(school.environ)
    app = create_app(settings, between_requests=False)
    client = app.test_client()
    form = {
        "grant_type": "client_credentials",
        "client_id": issued[LABELS[1]],
        "client_secret": issued[LABELS[2]],
    }
    token = client.post("/sp12/oauth2/token", data=form).get_json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    client.get('/sp12/scim/v2/Users?filter=externalId eq "U-1"', headers=headers)
    app.extensions["rounds"].run_all()
    shown = school("disclosures", "sp12", "--person", "U-1").stdout
    assert shown.endswith(f" UTC  {issued[LABELS[1]]} (main)\n")
    (row,) = json.loads(school("disclosures", "sp12", "--person", "U-1", "--json").stdout)
    assert row["client"] == issued[LABELS[1]]
    assert row["from"] < row["to"]
    school("client", "delete", "sp12", "main", "--yes")
    assert "(a client that was removed)" in school("disclosures", "sp12", "--person", "U-1").stdout
    assert "To nobody since" in school("disclosures", "sp12", "--person", "U-2").stderr
    assert "no person" in school("disclosures", "sp12", "--person", "U-99", code=2).stderr


@pytest.fixture
def school(shell: Shell) -> Shell:
    shell("unit", "add", "sp12", "--domain", "sp12.example.pl", "--school", "SP 12",
          "--school", "LO 3")  # fmt: skip
    write_files(shell.folder / "export")
    shell("import", "sp12", str(shell.folder / "export"))
    return shell
