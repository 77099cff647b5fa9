"""Notices reach people, each once on each channel, and nothing else goes out with them."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from scim_server.errors import NotSent
from scim_server.oauth import credentials
from scim_server.oauth.channels import Channel, Log, channels
from scim_server.oauth.notices import Notice, due
from scim_server.oauth.secrets import secret_id
from scim_server.oauth.sending import TEST, Sender, hand_over
from scim_server.oauth.tables import sent_notice
from tests.oauth.receivers import (
    Hook,
    Mailbox,
    http_server,
    mail_server,
    self_made_certificate,
)
from tests.school import DOMAIN, World
from tests.security.test_logs_hold_no_personal_data import CANARIES, ESCAPED

KEY = "the-key-of-the-webhook-0123456789abcdef"
PASSWORD = "the-password-of-the-mail-server"
LOGIN = "mailer"


class Kept:
    """A channel that keeps what it is given, and fails while it is told to."""

    def __init__(self, name: str = "kept") -> None:
        self.name, self.given, self.fails = name, list[list[Notice]](), False

    def send(self, notices: Sequence[Notice]) -> None:
        if self.fails:
            raise NotSent(self.name, "Refused")
        self.given.append(list(notices))

    @property
    def codes(self) -> list[tuple[str, int]]:
        return [(each.code, each.stage) for batch in self.given for each in batch]


def sender(world: World, *through: Channel) -> Sender:
    return Sender(world.database, world.clock, through)


@pytest.fixture
def ending(world: World) -> World:
    """The school twenty days before its secret ends."""
    world.clock.move(days=345)
    return world


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    own = logging.getLogger("scim_server")
    before = own.level, own.propagate
    own.setLevel(logging.DEBUG)
    own.propagate = True
    caplog.set_level(logging.DEBUG)
    yield caplog
    own.setLevel(before[0])
    own.propagate = before[1]


def private(file: Path, text: str) -> Path:
    file.write_text(text)
    file.chmod(0o600)
    return file


def by_mail(world: World, box: Mailbox, **changes: Any) -> list[Channel]:
    settings = replace(
        world.settings, mail_server=f"127.0.0.1:{box.port}", mail_from=f"scim@{DOMAIN}",
        mail_to=f"it@{DOMAIN}, rodo@{DOMAIN}", **changes,
    )  # fmt: skip
    return channels(settings, world.clock)


def by_webhook(world: World, hook: Hook, folder: Path) -> list[Channel]:
    key = private(folder / "webhook.key", f"{KEY}\n")
    settings = replace(world.settings, webhook_url=hook.url, webhook_key_file=key)
    return channels(settings, world.clock)


def test_a_notice_is_sent_once_and_its_next_stage_again(ending: World) -> None:
    """Red when ``_held`` forgets what was sent, or ``_key`` leaves the stage out."""
    kept = Kept()
    for _ in range(3):
        sender(ending, kept).run()
        ending.clock.move(minutes=11)
    assert kept.codes == [("credential.expiring", 30)]
    ending.clock.move(days=10)
    for _ in range(3):
        sender(ending, kept).run()
    assert kept.codes == [("credential.expiring", 30), ("credential.expiring", 14)]


def test_a_failed_channel_is_tried_again_without_repeating_the_others(
    ending: World, logged: pytest.LogCaptureFixture
) -> None:
    """Red when ``_send`` doesn't give back, or ``_key`` leaves the channel out."""
    good, bad = Kept("good"), Kept("bad")
    bad.fails = True
    both = sender(ending, bad, good)
    both.run()
    both.run()
    assert (len(good.given), bad.given) == (1, [])
    errors = [each.getMessage() for each in logged.records if each.levelname == "ERROR"]
    assert errors == ["notices: not sent by bad: Refused"] * 2
    bad.fails = False
    both.run()
    both.run()
    assert (len(good.given), len(bad.given)) == (1, 1)


def test_what_a_dead_process_took_up_is_taken_again_after_ten_minutes(ending: World) -> None:
    """Red when ``_held`` holds what is unconfirmed for ever, or not at all."""

    class Dies(Kept):
        def send(self, notices: Sequence[Notice]) -> None:
            raise KeyboardInterrupt

    class Killed(Sender):
        def _give_back(self, taken: Sequence[str], at: int) -> None:
            """A process that is killed gives nothing back."""

    with pytest.raises(KeyboardInterrupt):
        Killed(ending.database, ending.clock, [Dies()]).run()
    kept = Kept()
    ending.clock.move(seconds=599)
    sender(ending, kept).run()
    assert kept.given == []
    ending.clock.move(seconds=1)
    sender(ending, kept).run()
    sender(ending, kept).run()
    assert len(kept.given) == 1


def test_who_lost_a_notice_to_another_doesn_t_confirm_or_give_it_back(ending: World) -> None:
    """Red when ``_confirm`` or ``_give_back`` doesn't compare when it was taken up."""
    slow, late = Kept(), sender(ending, Kept())
    taken = late._take(["kept:x"], now := int(ending.clock().timestamp()))
    ending.clock.move(seconds=600)
    again = sender(ending, slow)._take(["kept:x"], now + 600)
    assert taken == again == ["kept:x"]
    late._give_back(taken, now)
    late._confirm(taken, now)
    with ending.database.tokens.connect() as connection:
        assert connection.execute(select(sent_notice)).all() == [("kept:x", now + 600, None)]


def test_several_senders_at_once_send_once(ending: World) -> None:
    """Red when ``_take`` believes that it took what it asked for, or takes what others hold."""
    kept, senders = Kept(), 6
    together = threading.Barrier(senders)

    class Waiting(Sender):
        def _free(self, keys: Sequence[str], now: int) -> list[str]:
            free = super()._free(keys, now)
            together.wait(timeout=30)
            return free

    failures: list[Exception] = []

    def run() -> None:
        try:
            Waiting(ending.database, ending.clock, [kept]).run()
        except Exception as failure:  # noqa: BLE001 (it is the thread's, and asked for below)
            failures.append(failure)

    threads = [threading.Thread(target=run) for _ in range(senders)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    assert kept.codes == [("credential.expiring", 30)]


def test_the_log_names_everything_by_its_id(
    ending: World, logged: pytest.LogCaptureFixture
) -> None:
    sender(ending, Log()).run()
    sender(ending, Log()).run()
    (line,) = [each for each in logged.records if each.name == "scim_server.notices"]
    assert line.levelname == "WARNING"
    assert line.getMessage() == (
        f"credential.expiring unit=sp12 client={ending.credentials.client_id} "
        f"secret={secret_id(ending.credentials.client_secret)} stage=30"
    )


def test_a_mail_says_it_in_polish_and_english_to_all_addresses(ending: World) -> None:
    with mail_server() as box:
        sender(ending, *by_mail(ending, box, mail_security="none")).run()
    (mail,) = box.mails
    assert mail["To"] == f"it@{DOMAIN}, rodo@{DOMAIN}"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "wymagają uwagi / credentials need attention" in mail["Subject"]
    body = mail.get_content()
    assert "kończy się 2027-11-24 (dni do końca: 20)" in body
    assert "ends on 2027-11-24, in 20 day(s)" in body
    recipients = [each for each in box.clear if each.upper().startswith("RCPT")]
    assert len(recipients) == 2


def test_one_mail_lists_all_that_is_new(ending: World) -> None:
    with ending.database.write() as connection:
        credentials.issue_bearer(
            connection, ending.unit, accepted=True, key=ending.settings.key("digest"),
            public_url=ending.settings.public_url, now=ending.clock(), actor="os:test",
            life=timedelta(days=5),
        )  # fmt: skip
    with mail_server() as box:
        sender(ending, *by_mail(ending, box, mail_security="none")).run()
    (mail,) = box.mails
    body = mail.get_content()
    assert body.count("sp12: The ") == 2
    assert body.count("sp12: ") == 4


def test_a_mail_goes_through_tls_whose_certificate_is_checked(
    ending: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``_connected`` skips STARTTLS, or asks for no certificate."""
    certificate = self_made_certificate(tmp_path)
    password = private(tmp_path / "password", f"{PASSWORD}\n")
    with mail_server(certificate=certificate) as box:
        through = by_mail(ending, box, mail_login=LOGIN, mail_password_file=password)
        (unknown,) = sender(ending, *through).send()
        assert unknown.failure == "SSLCertVerificationError"
        assert (box.said, box.mails) == ([], [])
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        (known,) = sender(ending, *through).send()
    assert known.failure == ""
    assert len(box.mails) == 1
    assert any(each.startswith("AUTH PLAIN") for each in box.said)
    assert {each.split()[0].upper() for each in box.clear} == {"EHLO", "STARTTLS"}


def test_a_mail_server_may_speak_tls_from_the_first_byte(
    ending: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``_connected`` asks such a server for no certificate."""
    certificate = self_made_certificate(tmp_path)
    with mail_server(certificate=certificate, begins_with_tls=True) as box:
        through = by_mail(ending, box, mail_security="tls")
        (unknown,) = sender(ending, *through).send()
        assert unknown.failure == "SSLCertVerificationError"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        (known,) = sender(ending, *through).send()
    assert known.failure == ""
    assert (len(box.mails), box.clear) == (1, [])


def test_nothing_is_said_in_clear_to_a_server_without_starttls(
    ending: World, tmp_path: Path
) -> None:
    """Red when ``_connected`` asks for STARTTLS only where it is offered."""
    password = private(tmp_path / "password", PASSWORD)
    with mail_server(offers_starttls=False) as box:
        through = by_mail(ending, box, mail_login=LOGIN, mail_password_file=password)
        (outcome,) = sender(ending, *through).send()
    assert outcome.failure == "SMTPNotSupportedError"
    assert box.mails == []
    assert {each.split()[0].upper() for each in box.clear} <= {"EHLO", "QUIT"}


def test_a_mail_server_that_refuses_is_asked_again(ending: World) -> None:
    with mail_server(answer="452 full") as box:
        through = by_mail(ending, box, mail_security="none")
        (outcome,) = sender(ending, *through).send()
        assert outcome.failure == "SMTPDataError 452"
        box.answer = "250 ok"
        sender(ending, *through).run()
        sender(ending, *through).run()
    assert len(box.mails) == 1


def test_a_webhook_is_posted_json_that_its_receiver_can_check(
    ending: World, tmp_path: Path
) -> None:
    """Red when the signature isn't over the body."""
    with http_server() as hook:
        sender(ending, *by_webhook(ending, hook, tmp_path)).run()
        sender(ending, *by_webhook(ending, hook, tmp_path)).run()
    ((headers, body),) = hook.requests
    assert headers["content-type"] == "application/json"
    expected = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-scim-server-signature"] == f"sha256={expected}"
    (told,) = json.loads(body)["notices"]
    (notice,) = due(ending.database, ending.clock())
    assert told == {
        "code": "credential.expiring", "unit": "sp12", "client": ending.credentials.client_id,
        "secret": secret_id(ending.credentials.client_secret), "stage": 30, "text": notice.text,
    }  # fmt: skip


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 500])
def test_a_webhook_that_answers_otherwise_has_failed_and_no_redirect_is_followed(
    ending: World, tmp_path: Path, status: int
) -> None:
    """Red when ``_client`` follows redirects, or ``send`` takes any answer."""
    with http_server(status=status) as hook:
        (outcome,) = sender(ending, *by_webhook(ending, hook, tmp_path)).send()
        assert outcome.failure == f"HTTP {status}"
        assert len(hook.requests) == 1
        hook.status = 200
        sender(ending, *by_webhook(ending, hook, tmp_path)).run()
    assert len(hook.requests) == 2


def test_no_proxy_or_login_of_the_environment_gets_between(
    ending: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``_client`` trusts the environment."""
    with http_server() as proxy, http_server() as hook:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        sender(ending, *by_webhook(ending, hook, tmp_path)).run()
    assert (len(proxy.requests), len(hook.requests)) == (0, 1)


def test_what_goes_out_holds_no_person_no_secret_and_no_way_in(
    ending: World, tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    """Red when a failure is logged with its text, or a notice holds more than ids."""
    password = private(tmp_path / "password", PASSWORD)
    with mail_server() as box, http_server() as hook:
        through = [
            Log(),
            *by_mail(ending, box, mail_security="none", mail_login=LOGIN,
                     mail_password_file=password),
            *by_webhook(ending, hook, tmp_path),
        ]  # fmt: skip
        hook.status, box.answer = 500, f"554 no {PASSWORD} for it@{DOMAIN}"
        sender(ending, *through).run()
        hook.status, box.answer = 200, "250 ok"
        sender(ending, *through).run()
    sender(ending, *through).run()  # both servers are gone, and nothing is left to send
    ending.clock.move(days=10)
    sender(ending, *through).run()
    assert (len(box.mails), len(hook.requests)) == (1, 2)
    lines = logged.text
    sent = "".join(
        [
            box.mails[0].get_content(),
            *(body.decode() for _, body in hook.requests),
        ]
    )
    for each in (*CANARIES, *ESCAPED, ending.token, ending.credentials.client_secret, PASSWORD):
        assert each not in lines, each
        assert each not in sent, each
    for each in (f"it@{DOMAIN}", LOGIN, KEY, "t0kenOfTheHook", "127.0.0.1"):
        assert each not in lines, each
    kinds = [each.getMessage() for each in logged.records if each.levelname == "ERROR"]
    assert kinds == [
        "notices: not sent by mail: SMTPDataError 554", "notices: not sent by webhook: HTTP 500",
        "notices: not sent by mail: ConnectionRefusedError",
        "notices: not sent by webhook: ConnectError",
    ]  # fmt: skip


def test_an_unreadable_key_or_password_is_a_failure_that_can_pass(
    ending: World, tmp_path: Path
) -> None:
    with http_server() as hook:
        through = by_webhook(ending, hook, tmp_path)
        (tmp_path / "webhook.key").chmod(0o644)
        (outcome,) = sender(ending, *through).send()
        assert outcome.failure == "BadSettings"
        assert hook.requests == []
        (tmp_path / "webhook.key").chmod(0o600)
        assert [each.failure for each in sender(ending, *through).send()] == [""]


def test_a_failure_that_nobody_foresaw_gives_back_what_was_taken_up(
    ending: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``_send`` gives back after ``NotSent`` alone."""
    kept = Kept()
    with monkeypatch.context() as patched:
        patched.setattr(Kept, "send", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sender(ending, kept).run()
    sender(ending, kept).run()
    assert len(kept.given) == 1


def test_a_secret_revoked_in_use_is_told_for_a_week(world: World) -> None:
    """Red when ``revoke`` doesn't record the last use, or it is told for ever."""
    kept = Kept()
    through = sender(world, kept)
    first = secret_id(world.credentials.client_secret)
    assert first is not None
    revoke(world, first, used=timedelta(minutes=3))
    (told,) = [each for each in due(world.database, world.clock()) if "in-use" in each.code]
    assert (told.code, told.secret) == ("credential.revoked-in-use", first)
    assert "3 minute(s) after its last use" in told.text
    through.run()
    assert ("credential.revoked-in-use", 0) in kept.codes
    world.clock.move(days=7)
    assert [each.code for each in due(world.database, world.clock())] == ["credential.none"]


@pytest.mark.parametrize("used", [None, timedelta(hours=1)])
def test_a_secret_revoked_while_idle_is_not_told(world: World, used: timedelta | None) -> None:
    """Red when ``revoke`` records any last use."""
    first = secret_id(world.credentials.client_secret)
    assert first is not None
    revoke(world, first, used=used)
    assert [each.code for each in due(world.database, world.clock())] == ["credential.none"]


def revoke(world: World, secret: str, *, used: timedelta | None) -> None:
    last_use = None if used is None else world.clock() - used
    with world.database.write() as connection:
        credentials.revoke(
            connection, world.unit, secret, now=world.clock(), actor="os:test", force=True,
            last_use=last_use,
        )  # fmt: skip


def test_a_test_message_has_the_form_of_a_notice_and_repeats(world: World, tmp_path: Path) -> None:
    with http_server() as hook:
        (channel,) = by_webhook(world, hook, tmp_path)
        for _ in range(2):
            assert hand_over(channel, [TEST]).failure == ""
    codes = [json.loads(body)["notices"][0]["code"] for _, body in hook.requests]
    assert codes == ["test", "test"]


def test_the_server_sends_to_its_log_and_to_what_the_settings_name(
    ending: World, tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    """Red when ``Sender.of`` leaves a channel out."""
    key = private(tmp_path / "webhook.key", KEY)
    with mail_server() as box, http_server() as hook:
        settings = replace(
            ending.settings, mail_server=f"127.0.0.1:{box.port}", mail_security="none",
            mail_from=f"scim@{DOMAIN}", mail_to=f"it@{DOMAIN}", webhook_url=hook.url,
            webhook_key_file=key,
        )  # fmt: skip
        Sender.of(settings, ending.database, ending.clock).run()
    lines = [each for each in logged.records if each.name == "scim_server.notices"]
    assert (len(lines), len(box.mails), len(hook.requests)) == (1, 1, 1)
