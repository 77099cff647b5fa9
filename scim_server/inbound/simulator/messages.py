"""Requests and answers, and errors in the shape of Microsoft Graph."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

JSON = "application/json"
LONGEST = 4 * 1024 * 1024
"""Bytes of a request. The reference of bulkUpload names none; this is Graph's general limit."""


@dataclass(frozen=True, slots=True)
class Request:
    """``path`` is decoded, ``headers`` have lower-case names, ``base`` is ``http://host:port``."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    permissions: frozenset[str] = frozenset()
    """What the token that came along may do."""

    def need(self, any_of: Collection[str]) -> None:
        """403 where the token has none of these permissions."""
        if not self.permissions.intersection(any_of):
            raise GraphError(
                403, "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation. It takes one of: "
                f"{', '.join(any_of)}.",
            )  # fmt: skip

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def client_id(self) -> str:
        """What the client calls this request, or our own id where it gave it no name."""
        return self.headers.get("client-request-id", self.id)

    def json(self) -> dict[str, Any]:
        """The body of a call other than bulkUpload."""
        if self.media_type != JSON:
            raise GraphError(
                415 if self.media_type else 400, "Request_BadRequest",
                f"A Content-Type of {JSON} is required.",
            )  # fmt: skip
        return parsed(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """``body`` is sent as JSON; None is an empty one."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class GraphError(Exception):
    """A refusal: an HTTP status, a code that a program reads, and a sentence."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = dict(headers or {})

    def answer(self, request: Request, now: datetime) -> Answer:
        inner = {
            "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request.id,
            "client-request-id": request.client_id,
        }
        error = {"code": self.code, "message": self.message, "innerError": inner}
        return Answer(self.status, {"error": error}, self.headers)


def bad_request(message: str) -> GraphError:
    return GraphError(400, "Request_BadRequest", message)


def not_found(what: str) -> GraphError:
    return GraphError(
        404, "Request_ResourceNotFound",
        f"Resource '{what}' does not exist or one of its queried reference-property objects are "
        "not present.",
    )  # fmt: skip


def throttled(seconds: int) -> GraphError:
    return GraphError(
        429, "TooManyRequests", "Too many requests. Wait as long as Retry-After tells.",
        {"Retry-After": str(seconds)},
    )  # fmt: skip


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object that ``body`` is."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise bad_request("The body is no JSON.") from None
    if not isinstance(value, dict):
        raise bad_request("The body is no JSON object.")
    return value
