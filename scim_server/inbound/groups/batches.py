"""``$batch`` of Microsoft Graph: up to 20 requests in one, each answered by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from scim_server.errors import NotPushed
from scim_server.inbound.session import Session, told_by, unexpected

MOST_STEPS = 20
"""Requests that one batch may hold."""

MOST_MEMBERS = 20
"""Members that one request may add."""

_JSON = {"Content-Type": "application/json"}
_NOT_NOW = (0, 401, 408, 429)
_WHAT_TO_CHECK = {
    403: "The app may not do this: grant it Group.ReadWrite.All and User.Read.All as application "
    "permissions, with an administrator's consent.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a batch. ``url`` is relative to Graph's version; ``about`` is for whoever
    asks, and isn't sent.
    """

    method: str
    url: str
    about: Any
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a step; status 0 where it got none. ``told`` is its JSON object, ``seconds``
    how long it asks to wait.
    """

    status: int
    told: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0

    @property
    def is_not_now(self) -> bool:
        """Whether it may or may not have been done, and is to be asked again."""
        return self.status in _NOT_NOW or self.status >= 500

    @property
    def is_taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def message(self) -> str:
        error = self.told.get("error")
        return str(error.get("message", "")) if isinstance(error, Mapping) else ""


class Batches:
    """Asks Graph through a session. ``base`` is the address of objects, with Graph's version."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.base = f"{session.base}/v1.0"

    def sign_in(self) -> None:
        """As :meth:`~scim_server.inbound.session.Session.sign_in`."""
        self._session.sign_in()

    def ask(self, steps: Sequence[Step]) -> list[Reply]:
        """The reply to each. Call :meth:`sign_in` first.

        Raises :class:`~scim_server.inbound.session.TryAgain` where the batch may or may not have
        been done, and :class:`~scim_server.errors.NotPushed` where a person has to do something.
        """
        assert len(steps) <= MOST_STEPS
        requests = [_request(str(number), each) for number, each in enumerate(steps)]
        body = orjson.dumps({"requests": requests})
        answer = self._session.ask("POST", f"{self.base}/$batch", body)
        responses = told_by(answer).get("responses")
        if answer.status != 200 or not isinstance(responses, list):
            raise unexpected(answer, _WHAT_TO_CHECK)
        by_id = {each.get("id"): each for each in responses if isinstance(each, Mapping)}
        replies = [_reply(by_id.get(str(number))) for number in range(len(steps))]
        if any(each.status == 401 for each in replies):
            self._session.sign_out()
        return replies


def check(replies: Sequence[Reply]) -> None:
    """Raises :class:`~scim_server.errors.NotPushed` where one of them tells that the app may not
    do this at all.
    """
    if any(each.status == 403 for each in replies):
        raise NotPushed(f"Microsoft Graph answered 403. {_WHAT_TO_CHECK[403]}")


def _request(name: str, step: Step) -> dict[str, Any]:
    request: dict[str, Any] = {"id": name, "method": step.method, "url": step.url}
    headers = {**step.headers, **(_JSON if step.body is not None else {})}
    if headers:
        request["headers"] = headers
    if step.body is not None:
        request["body"] = step.body
    return request


def _reply(response: Mapping[str, Any] | None) -> Reply:
    if response is None or not isinstance(response.get("status"), int):
        return Reply(0)
    headers, body = response.get("headers"), response.get("body")
    told = body if isinstance(body, Mapping) else {}
    named = headers if isinstance(headers, Mapping) else {}
    waits = [value for name, value in named.items() if str(name).lower() == "retry-after"]
    seconds = float(waits[0]) if waits and str(waits[0]).isdigit() else 0.0
    return Reply(response["status"], told, seconds)
