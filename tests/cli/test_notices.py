"""``notices``: listed, sent once, and tried out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.oauth.receivers import Hook, Mailbox, http_server, mail_server


@pytest.fixture
def ending(tmp_path: Path) -> Shell:
    """A unit whose only secret ends in thirty days."""
    shell = Shell(tmp_path)
    shell("unit", "add", "sp12", "--domain", "sp12.example.pl")
    shell("credentials", "issue", "sp12", "--expires", "30d")
    return shell


def give(shell: Shell, box: Mailbox, hook: Hook) -> None:
    key = shell.folder / "webhook.key"
    key.write_text("k" * 32)
    key.chmod(0o600)
    shell.environ |= {
        "SCIM_MAIL_SERVER": f"127.0.0.1:{box.port}",
        "SCIM_MAIL_SECURITY": "none",
        "SCIM_MAIL_FROM": "scim@example.pl",
        "SCIM_MAIL_TO": "it@example.pl",
        "SCIM_WEBHOOK_URL": hook.url,
        "SCIM_WEBHOOK_KEY_FILE": str(key),
    }


def test_what_is_due_is_listed_and_nothing_is_sent(ending: Shell) -> None:
    with mail_server() as box, http_server() as hook:
        give(ending, box, hook)
        shown = ending("notices").stdout
    assert shown.startswith("sp12: The secret ")
    assert "ends on" in shown
    assert (box.mails, hook.requests) == ([], [])
    ending("credentials", "rotate", "sp12", "--overlap", "30d")
    assert "Nothing is due." in ending("notices").stderr


def test_what_is_due_is_sent_once_by_every_channel(ending: Shell) -> None:
    with mail_server() as box, http_server() as hook:
        give(ending, box, hook)
        assert ending("notices", "--send").stdout.splitlines() == [
            "mail: 1 sent", "webhook: 1 sent",
        ]  # fmt: skip
        assert "Everything was sent before" in ending("notices", "--send").stderr
    assert (len(box.mails), len(hook.requests)) == (1, 1)


def test_a_test_message_tells_which_channel_works(ending: Shell) -> None:
    """Red when ``_tell`` doesn't end with a code, or the first failure hides the rest."""
    with mail_server(answer="554 no") as box, http_server() as hook:
        give(ending, box, hook)
        failed = ending("notices", "--test", code=1)
        assert failed.stdout.splitlines() == ["mail: SMTPDataError 554", "webhook: 1 sent"]
        assert "Nothing was sent by mail" in failed.stderr
        box.answer = "250 ok"
        ending("notices", "--test")
    (mail,) = box.mails
    assert "To jest próba" in mail.get_content()


def test_sending_by_nothing_is_refused_and_the_settings_are_named(ending: Shell) -> None:
    for option in ("--send", "--test"):
        assert "SCIM_MAIL_SERVER" in ending("notices", option, code=1).stderr
    ending("notices", "--send", "--test", code=2)


def test_a_webhook_s_token_is_masked_in_the_settings(ending: Shell) -> None:
    with mail_server() as box, http_server() as hook:
        give(ending, box, hook)
        shown = ending("config").stdout
    assert "t0kenOfTheHook" not in shown
    assert f"SCIM_WEBHOOK_URL = http://127.0.0.1:{hook.port}/***" in shown
