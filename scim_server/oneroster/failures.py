"""How each version writes a failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from scim_server.errors import (
    InvalidFilter,
    InvalidPath,
    InvalidSelection,
    RequestFailed,
)
from scim_server.http.exchange import Answer
from scim_server.oneroster.versions import V1P1, V1P2, Version

MEDIA_TYPE = "application/json"

_CODES: dict[str, dict[type[RequestFailed] | int, str]] = {
    V1P1.name: {
        InvalidFilter: "invalid_filter_field", InvalidPath: "invalid_sort_field",
        InvalidSelection: "invalid_selection_field", 401: "unauthorized", 403: "forbidden",
        404: "unknown object", 429: "server_busy", 500: "internal_server_error",
        503: "server_busy", 0: "invalid data",
    },
    V1P2.name: {
        InvalidFilter: "invalid_filter_field", InvalidSelection: "invalid_selection_field",
        401: "unauthorisedrequest", 403: "forbidden", 404: "unknownobject", 429: "server_busy",
        500: "internal_server_error", 503: "server_busy", 0: "invaliddata",
    },
}  # fmt: skip
"""The minor code by kind of error or else HTTP status; 0 stands for every other."""


def failure_of(version: Version) -> Callable[[RequestFailed], Answer]:
    """Writes an error as a status payload of ``version`` (1.1 §5, 1.2 ``imsx_StatusInfo``)."""

    def failure(error: RequestFailed) -> Answer:
        code = _minor(version, error)
        body = _old(code, error.detail) if version is V1P1 else _new(code, error.detail)
        headers = [("Content-Type", MEDIA_TYPE), *error.headers]
        return Answer(error.status, orjson.dumps(body), headers)

    return failure


def _minor(version: Version, error: RequestFailed) -> str:
    codes = _CODES[version.name]
    return codes.get(type(error)) or codes.get(error.status) or codes[0]


def _old(code: str, detail: str) -> dict[str, Any]:
    return {"CodeMajor": "failure", "Severity": "error", "CodeMinor": code, "Description": detail}


def _new(code: str, detail: str) -> dict[str, Any]:
    field = {
        "imsx_codeMinorFieldName": "TargetEndSystem",
        "imsx_codeMinorFieldValue": code,
    }
    return {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": detail,
        "imsx_CodeMinor": {"imsx_codeMinorField": [field]},
    }
