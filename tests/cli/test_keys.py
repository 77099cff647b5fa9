"""The master key is replaced without a failed request, and its loss has a way out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from scim_server.app import create_app
from scim_server.settings import Settings
from tests.cli.test_commands import LABELS, Shell
from tests.school import KEY, write_files

NEWER = KEY[::-1]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


class Server:
    """The application under the shell's settings."""

    def __init__(self, shell: Shell) -> None:
        self.app: Flask = create_app(Settings.load(shell.environ), between_requests=False)

    def token(self, issued: dict[str, str]) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": issued[LABELS[1]],
            "client_secret": issued[LABELS[2]],
        }
        answer = self.app.test_client().post("/sp12/oauth2/token", data=form).get_json()
        self.app.extensions["rounds"].run_all()
        return str(answer.get("access_token", answer.get("error")))

    def status(self, token: str, query: str = "") -> int:
        return self.app.test_client().get(
            f"/sp12/scim/v2/Users{query}", headers={"Authorization": f"Bearer {token}"}
        ).status_code  # fmt: skip

    def cursor(self, token: str) -> str:
        answer = self.app.test_client().get(
            "/sp12/scim/v2/Users?cursor=&count=1", headers={"Authorization": f"Bearer {token}"}
        )
        return str(answer.get_json()["nextCursor"])


@pytest.fixture
def issued(shell: Shell) -> dict[str, str]:
    shell("sandbox", "create", "other")
    shell("unit", "add", "sp12", "--domain", "sp12.example.pl", "--school", "SP 12",
          "--school", "LO 3")  # fmt: skip
    write_files(shell.folder / "export")
    shell("import", "sp12", str(shell.folder / "export"))
    shell("consent", "sp12", "on", "--school", "SP 12", "--by", "director")
    return json.loads(shell("credentials", "issue", "sp12", "--json").stdout)  # type: ignore[no-any-return]


def replace(shell: Shell) -> None:
    shell.environ |= {"SCIM_MASTER_KEY": NEWER, "SCIM_PREVIOUS_MASTER_KEY": KEY}


def test_what_the_old_key_made_is_recognised_while_both_are_named(
    shell: Shell, issued: dict[str, str]
) -> None:
    """Red when tokens, secrets or cursors are only looked up under the key in use."""
    before = Server(shell)
    token = before.token(issued)
    cursor = before.cursor(token)
    replace(shell)
    after = Server(shell)
    assert after.status(token, f"?count=1&cursor={cursor}") == 200
    assert after.status(after.token(issued)) == 200


def test_a_secret_is_renewed_when_it_is_used(shell: Shell, issued: dict[str, str]) -> None:
    """Red when a digest isn't renewed: the old key could never be given up."""
    Server(shell).token(issued)
    replace(shell)
    assert "client main: under" in shell("key", "status").stdout
    assert "would be refused without the old key" in shell("key", "retire", code=1).stderr
    Server(shell).token(issued)
    shell("credentials", "revoke", "other", secret_of(shell, "other"), "--force")
    assert "Next: scim-server key retire" in shell("key", "status").stdout
    shell("key", "retire")
    del shell.environ["SCIM_PREVIOUS_MASTER_KEY"]
    later = Server(shell)
    assert later.status(later.token(issued)) == 200
    shown = shell("audit", "verify").stdout
    assert "unaltered" in shown
    assert "lost" not in shown


def test_a_key_that_leaked_cannot_be_given_up_by_mistake(
    shell: Shell, issued: dict[str, str]
) -> None:
    """Red when ``retire`` revokes without ``--force``."""
    replace(shell)
    shell("key", "retire", code=1)
    assert Server(shell).token(issued).startswith("uonet_at_")
    shown = shell("key", "retire", "--force").stdout
    assert "scim-server credentials issue other --client main" in shown
    assert "credentials issue sp12" not in shown


def test_without_the_old_key_nothing_is_recognised_and_there_is_a_way_out(
    shell: Shell, issued: dict[str, str]
) -> None:
    """Red when ``--lost`` leaves a credential that counts as live, and so stands in the way; or
    when ``verify`` says of what nobody could check that it was checked.
    """
    token = Server(shell).token(issued)
    shell.environ["SCIM_MASTER_KEY"] = NEWER
    lost = Server(shell)
    assert lost.status(token) == 401
    assert lost.token(issued) == "invalid_client"
    assert "under a master key that isn't given" in shell("audit", "verify", code=1).stdout
    assert "say --lost" in shell("key", "retire", code=1).stderr
    assert "credentials issue sp12 --client main" in shell("key", "retire", "--lost").stdout
    assert "of them are under a key that was lost" in shell("audit", "verify").stdout
    again = json.loads(shell("credentials", "issue", "sp12", "--json").stdout)
    assert lost.status(lost.token(again)) == 200


def test_lost_is_refused_while_the_old_key_is_named(shell: Shell) -> None:
    replace(shell)
    assert "must not be set" in shell("key", "retire", "--lost", code=1).stderr


def test_a_key_that_is_named_twice_stops_the_start(shell: Shell) -> None:
    shell.environ["SCIM_PREVIOUS_MASTER_KEY"] = KEY
    assert "is the master key itself" in shell("status", code=3).stderr


def secret_of(shell: Shell, unit: str) -> str:
    return shell("credentials", "list", unit).stdout.split()[1]
