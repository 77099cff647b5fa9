"""A token of Entra's, and requests to Microsoft Graph that carry it.

What an answer means for whoever asked is told here as far as it is the same for every request: to
be tried again, or a matter for the caller.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from scim_server.clock import Clock
from scim_server.errors import NotPushed
from scim_server.inbound.application import GRAPH_URL, Application
from scim_server.inbound.proofs import proof
from scim_server.inbound.transport import Answer, Transport, Unreachable, is_own

JSON = "application/json"

_CODE = re.compile(r"[A-Za-z][0-9A-Za-z_.]{0,60}")
_NOT_TAKEN = "The token isn't taken: check that the tenant and the Graph address belong together."

_EARLY = timedelta(minutes=5)
"""A token is replaced so long before its end, so that none ends on its way."""


class TryAgain(Exception):
    """Not now. ``seconds`` is how long Microsoft asks to wait, or 0; ``str()`` tells why."""

    def __init__(self, why: str, seconds: float = 0) -> None:
        super().__init__(why)
        self.seconds = seconds


@dataclass(slots=True)
class _Token:
    value: str
    until: datetime


class Session:
    """Speaks for one application. A token is kept in memory alone. ``base`` is Graph's address."""

    def __init__(self, of: Application, transport: Transport, clock: Clock) -> None:
        self._of, self._transport, self._clock = of, transport, clock
        self._token: _Token | None = None
        self._untaken = 0
        self.base = of.graph_url.rstrip("/")

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
            "scope": f"{GRAPH_URL if is_own(self.base) else self.base}/.default",
            **proof(self._of, url, self._clock()),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._request("POST", url, headers, urlencode(form).encode())
        told = told_by(answer)
        token, seconds = told.get("access_token"), told.get("expires_in")
        if answer.status != 200 or not isinstance(token, str):
            raise NotPushed(
                f"Entra gave no token (status {answer.status}{_codes(told)}): check the tenant, "
                "the client id, and whether the secret or certificate is the app's and still valid."
            )
        lives = float(seconds) if isinstance(seconds, int | str) and str(seconds).isdigit() else 0
        self._token = _Token(token, self._clock() + timedelta(seconds=lives))

    def sign_out(self) -> None:
        """Forget the token: it isn't taken any longer."""
        self._token = None

    def ask(self, method: str, url: str, body: bytes | None = None, *, kind: str = JSON) -> Answer:
        """The answer to one request, whose body is of the media type ``kind``.

        Call :meth:`sign_in` first. Raises :class:`TryAgain` where it may or may not have been
        done: no answer, 408, 429, 5xx, and the first 401 after an answer that was none.
        """
        assert self._token is not None, "sign_in comes first"
        headers = {"Authorization": f"Bearer {self._token.value}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = kind
        answer = self._request(method, url, headers, body)
        if answer.status != 401:
            self._untaken = 0
            return answer
        # One may have ended on its way; when its successor isn't taken either, that isn't it.
        self._token = None
        self._untaken += 1
        if self._untaken == 1:
            raise TryAgain("the token was no longer taken")
        return answer

    def page(self, url: str, advice: Mapping[int, str]) -> tuple[list[Any], str | None]:
        """What stands on a page of a list, and the address of the next page, or none.

        Raises as :meth:`ask`, and :func:`unexpected` with ``advice``.
        """
        answer = self.ask("GET", url)
        told = told_by(answer)
        if answer.status != 200 or not isinstance(told.get("value"), list):
            raise unexpected(answer, advice)
        following = told.get("@odata.nextLink")
        if following is not None and not str(following).startswith(f"{self.base}/"):
            raise NotPushed("The next page of a list is at another address: not followed.")
        return told["value"], following

    def _request(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> Answer:
        try:
            answer = self._transport(method, url, headers, body)
        except Unreachable as why:
            raise TryAgain(f"no answer ({why})") from None
        if answer.status == 429 or answer.status >= 500 or answer.status == 408:
            raise TryAgain(f"status {answer.status}", _asked_wait(answer, self._clock))
        return answer


def _asked_wait(answer: Answer, clock: Clock) -> float:
    """``Retry-After`` in seconds (RFC 9110 §10.2.3), 0 where there is none that can be read."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - clock()).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def told_by(answer: Answer) -> dict[str, Any]:
    """The answer's JSON object; an empty one where it has none."""
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def unexpected(answer: Answer, advice: Mapping[int, str]) -> NotPushed:
    """An answer that a person has to look after; ``advice`` is what to check, by status.

    The code of the failure is told; its message may hold what was sent.
    """
    error = told_by(answer).get("error")
    code = error.get("code") if isinstance(error, dict) else None
    named = f" ({code})" if isinstance(code, str) and _CODE.fullmatch(code) else ""
    what = {401: _NOT_TAKEN, **advice}.get(answer.status, "Nobody here knows what that means.")
    return NotPushed(f"Microsoft Graph answered {answer.status}{named}. {what}")


def _codes(told: dict[str, Any]) -> str:
    """The names of the failure; its description may hold what was sent."""
    error, numbers = told.get("error"), told.get("error_codes")
    names = [error] if isinstance(error, str) and re.fullmatch(r"[a-z_]{1,40}", error) else []
    if isinstance(numbers, list):
        names += [f"AADSTS{each}" for each in numbers if isinstance(each, int)]
    return f", {', '.join(names)}" if names else ""
