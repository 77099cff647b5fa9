"""The ways that a notice takes to a person: the log, a mail, and an address that it is posted to.

What goes out names units, clients and credentials by their ids, and nobody. A failure is told by
its kind alone: the library's own words may hold an address, a login or the webhook's token.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import smtplib
import ssl
from collections.abc import Sequence
from contextlib import closing, suppress
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Protocol
from urllib.parse import urlsplit

import httpx2
import orjson

from scim_server.clock import Clock
from scim_server.errors import BadSettings, NotSent
from scim_server.oauth.notices import Notice
from scim_server.settings import Settings

_log = logging.getLogger("scim_server.notices")
_faults = logging.getLogger("scim_server.faults")

_SECONDS = 10
"""How long an answer is waited for."""

SIGNATURE = "X-Scim-Server-Signature"

_SUBJECT = "scim-server: dane dostępu wymagają uwagi / credentials need attention"
_POLISH = "Powiadomienia serwera {url} (English below):"
_ENGLISH = "Notices of the server {url}:"

# The HTTP library writes whole addresses to these logs.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Channel(Protocol):
    """``send`` hands the notices over, all or none, or raises
    :class:`~scim_server.errors.NotSent`.
    """

    name: str

    def send(self, notices: Sequence[Notice]) -> None: ...


class Log:
    """A line for each notice."""

    name = "log"

    def send(self, notices: Sequence[Notice]) -> None:
        for each in notices:
            _log.warning(
                "%s unit=%s client=%s secret=%s stage=%d",
                each.code, each.unit, each.client_id, each.secret, each.stage,
            )  # fmt: skip


class Mail:
    """One mail in Polish and English that lists all the notices."""

    name = "mail"

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    def send(self, notices: Sequence[Notice]) -> None:
        try:
            with closing(self._connected()) as server:
                if self._settings.mail_login:
                    server.login(self._settings.mail_login, self._settings.mail_password())
                refused = server.send_message(self._message(notices))
                with suppress(OSError, smtplib.SMTPException):  # the mail is on its way already
                    server.quit()
        except smtplib.SMTPResponseException as error:
            raise NotSent(self.name, f"{type(error).__name__} {error.smtp_code}") from error
        except (OSError, smtplib.SMTPException, BadSettings) as error:
            raise NotSent(self.name, type(error).__name__) from error
        if refused:  # by some: the others have it, and would get it again
            _faults.error("notices: mail was refused for %d address(es)", len(refused))

    def _connected(self) -> smtplib.SMTP:
        """A connection that nobody listens to, before anything is said on it."""
        host, port = self._settings.mail_host
        name = urlsplit(self._settings.public_url).hostname
        if self._settings.mail_security == "tls":
            return smtplib.SMTP_SSL(
                host, port, name, timeout=_SECONDS, context=ssl.create_default_context()
            )
        server = smtplib.SMTP(host, port, name, timeout=_SECONDS)
        if self._settings.mail_security == "starttls":
            try:
                server.starttls(context=ssl.create_default_context())
            except BaseException:
                server.close()
                raise
        return server

    def _message(self, notices: Sequence[Notice]) -> EmailMessage:
        message, url = EmailMessage(), self._settings.public_url
        message["Subject"] = _SUBJECT
        message["From"] = self._settings.mail_from
        message["To"] = ", ".join(self._settings.mail_recipients)
        message["Date"] = format_datetime(self._clock())
        message["Message-ID"] = make_msgid(domain=self._settings.mail_from.partition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's machine answers it
        lines = [_POLISH.format(url=url), "", *(f"{each.unit}: {each.polish}" for each in notices)]
        lines += ["", "--", "", _ENGLISH.format(url=url), ""]
        lines += [f"{each.unit}: {each.text}" for each in notices]
        # In seven bits: not every mail server takes eight.
        message.set_content("\n".join(lines) + "\n", cte="quoted-printable")
        return message


class Webhook:
    """One POST of all the notices as JSON, with an HMAC over the body for the receiver to check."""

    name = "webhook"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, notices: Sequence[Notice]) -> None:
        """A redirect is a failure: whoever is meant is named in the settings."""
        body = orjson.dumps({"notices": [_posted(each) for each in notices]})
        try:
            with self._client() as client, client.stream(
                "POST", self._settings.webhook_url, content=body, headers=self._headers(body)
            ) as answer:  # fmt: skip
                status = answer.status_code
        except (OSError, httpx2.HTTPError, httpx2.InvalidURL, BadSettings) as error:
            raise NotSent(self.name, type(error).__name__) from error
        if not 200 <= status < 300:
            raise NotSent(self.name, f"HTTP {status}")

    def _client(self) -> httpx2.Client:
        return httpx2.Client(
            timeout=_SECONDS,
            follow_redirects=False,
            trust_env=False,  # neither a proxy nor a login that the settings don't name
            verify=ssl.create_default_context(),
        )

    def _headers(self, body: bytes) -> dict[str, str]:
        signature = hmac.digest(self._settings.webhook_key(), body, hashlib.sha256).hex()
        return {"Content-Type": "application/json", SIGNATURE: f"sha256={signature}"}


def channels(settings: Settings, clock: Clock) -> list[Channel]:
    """The channels beside the log that the settings name."""
    found: list[Channel] = []
    if settings.mail_server:
        found.append(Mail(settings, clock))
    if settings.webhook_url:
        found.append(Webhook(settings))
    return found


def _posted(notice: Notice) -> dict[str, str | int]:
    return {
        "code": notice.code,
        "unit": notice.unit,
        "client": notice.client_id,
        "secret": notice.secret,
        "stage": notice.stage,
        "text": notice.text,
    }
