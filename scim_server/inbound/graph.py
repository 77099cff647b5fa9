"""Microsoft's two addresses: where a token is got, and where people are handed over.

What an answer means is told here once: taken, refused as it is, to be tried again, or a matter for
a person.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from scim_server.clock import Clock
from scim_server.errors import NotPushed
from scim_server.inbound.configuration import GRAPH_URL, Configuration
from scim_server.inbound.proofs import proof
from scim_server.inbound.transport import Answer, Transport, Unreachable, is_own

_EARLY = timedelta(minutes=5)
"""A token is replaced so long before its end, so that none ends on its way."""

_AS_IT_IS = (400, 413)
"""Refused because of what the request holds."""

_WHAT_TO_CHECK = {
    401: "The token isn't taken: check that the tenant and the Graph address belong together.",
    403: "The app may not do this: grant it SynchronizationData-User.Upload and "
    "ProvisioningLog.Read.All (or AuditLog.Read.All) as application permissions, with an "
    "administrator's consent.",
    404: "There is no such job: check the service principal's object id (not the app's) and the "
    "job's id, both on the enterprise app's provisioning overview.",
}


class TryAgain(Exception):
    """Not now. ``seconds`` is how long Microsoft asks to wait, or 0; ``str()`` tells why."""

    def __init__(self, why: str, seconds: float = 0) -> None:
        super().__init__(why)
        self.seconds = seconds


@dataclass(slots=True)
class _Token:
    value: str
    until: datetime


class Graph:
    """Speaks for one unit. A token is kept in memory alone."""

    def __init__(self, of: Configuration, transport: Transport, clock: Clock) -> None:
        self._of, self._transport, self._clock = of, transport, clock
        self._token: _Token | None = None
        self._untaken = 0
        self._base = of.graph_url.rstrip("/")
        job = f"/v1.0/servicePrincipals/{of.service_principal}/synchronization/jobs/{of.job}"
        self._upload_url = f"{self._base}{job}/bulkUpload"
        self._log_url = f"{self._base}/v1.0/auditLogs/provisioning"

    def sign_in(self) -> None:
        """Get a token unless there is a good one.

        Raises :class:`TryAgain`, and :class:`~scim_server.errors.NotPushed` where none is given.
        """
        if self._token is not None and self._clock() < self._token.until - _EARLY:
            return
        url = f"{self._of.login_url.rstrip('/')}/{self._of.tenant}/oauth2/v2.0/token"
        form = {
            "grant_type": "client_credentials",
            "client_id": self._of.client_id,
            # On this machine is a double of Graph, whose tokens are for Graph all the same.
            "scope": f"{GRAPH_URL if is_own(self._base) else self._base}/.default",
            **proof(self._of, url, self._clock()),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._ask("POST", url, headers, urlencode(form).encode())
        told = _json(answer)
        token, seconds = told.get("access_token"), told.get("expires_in")
        if answer.status != 200 or not isinstance(token, str):
            raise NotPushed(
                f"Entra gave no token (status {answer.status}{_codes(told)}): check the tenant, "
                "the client id, and whether the secret or certificate is the app's and still valid."
            )
        lives = float(seconds) if isinstance(seconds, int | str) and str(seconds).isdigit() else 0
        self._token = _Token(token, self._clock() + timedelta(seconds=lives))

    def upload(self, body: bytes) -> bool:
        """Hand over one bulk request: whether it was taken. False: refused as it is (status 400).

        Call :meth:`sign_in` first. Raises :class:`TryAgain` where it may or may not have been
        taken, and :class:`~scim_server.errors.NotPushed` where a person has to do something.
        """
        answer = self._authorised("POST", self._upload_url, body)
        if answer.status in _AS_IT_IS:
            return False
        if answer.status not in (200, 202):
            raise _unexpected(answer)
        return True

    def log_page(self, since: datetime | None, page: str | None) -> tuple[list[Any], str | None]:
        """A page of the job's provisioning log and the address of the next one, or none.

        Raises as :meth:`upload`.
        """
        if page is None:
            wanted = f"jobid eq '{self._of.job}'"
            if since is not None:
                wanted += f" and activityDateTime ge {since:%Y-%m-%dT%H:%M:%SZ}"
            page = f"{self._log_url}?{urlencode({'$filter': wanted, '$top': 200})}"
        answer = self._authorised("GET", page, None)
        told = _json(answer)
        if answer.status != 200 or not isinstance(told.get("value"), list):
            raise _unexpected(answer)
        following = told.get("@odata.nextLink")
        if following is not None and not str(following).startswith(f"{self._base}/"):
            raise NotPushed("The provisioning log's next page is at another address: not followed.")
        return told["value"], following

    def _authorised(self, method: str, url: str, body: bytes | None) -> Answer:
        assert self._token is not None, "sign_in comes first"
        headers = {"Authorization": f"Bearer {self._token.value}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/scim+json"
        answer = self._ask(method, url, headers, body)
        if answer.status != 401:
            self._untaken = 0
            return answer
        # One may have ended on its way; when its successor isn't taken either, that isn't it.
        self._token = None
        self._untaken += 1
        if self._untaken == 1:
            raise TryAgain("the token was no longer taken")
        return answer

    def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        try:
            answer = self._transport(method, url, headers, body)
        except Unreachable as why:
            raise TryAgain(f"no answer ({why})") from None
        if answer.status == 429 or answer.status >= 500 or answer.status == 408:
            raise TryAgain(f"status {answer.status}", _asked_wait(answer, self._clock))
        return answer


def _unexpected(answer: Answer) -> NotPushed:
    advice = _WHAT_TO_CHECK.get(answer.status, "Nobody here knows what that means.")
    return NotPushed(f"Microsoft Graph answered {answer.status}. {advice}")


def _asked_wait(answer: Answer, clock: Clock) -> float:
    """``Retry-After`` in seconds (RFC 9110 §10.2.3), 0 where there is none that can be read."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - clock()).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _json(answer: Answer) -> dict[str, Any]:
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _codes(told: dict[str, Any]) -> str:
    """The names of the failure; its description may hold what was sent."""
    error, numbers = told.get("error"), told.get("error_codes")
    names = [error] if isinstance(error, str) and re.fullmatch(r"[a-z_]{1,40}", error) else []
    if isinstance(numbers, list):
        names += [f"AADSTS{each}" for each in numbers if isinstance(each, int)]
    return f", {', '.join(names)}" if names else ""
