"""``$batch``: up to 20 requests in one, each answered, refused and throttled by itself."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from scim_server.inbound.simulator.messages import Answer, GraphError, Request

MOST_REQUESTS = 20
_MEMBERS = {"id", "method", "url", "headers", "body", "dependsOn"}

Handle = Callable[[Request], Answer | None]


def answer(request: Request, handle: Handle) -> Answer | None:
    """The answers of all requests; None where the answer to one of them is lost."""
    steps = _steps(request.json())
    version = "/".join(request.path.split("/")[:2])
    answers: dict[str, Answer] = {}
    for step in _ordered(steps):
        if any(answers[name].status >= 400 for name in step.get("dependsOn", [])):
            error = {
                "code": "FailedDependency",
                "message": "A request that this depends on failed.",
            }
            answers[step["id"]] = Answer(424, {"error": error})
            continue
        found = handle(_request(request, step, version))
        if found is None:
            return None
        answers[step["id"]] = found
    return Answer(200, {"responses": [_response(name, each) for name, each in answers.items()]})


def _response(name: str, answer: Answer) -> dict[str, Any]:
    response = {"id": name, "status": answer.status, "headers": dict(answer.headers)}
    return response if answer.body is None else {**response, "body": answer.body}


def _steps(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The requests of a batch; 400 for the whole of it where one is malformed."""
    steps = body.get("requests")
    if not isinstance(steps, list) or not steps or body.keys() != {"requests"}:
        raise _invalid("requests must be a list with something in it, and the only member")
    if len(steps) > MOST_REQUESTS:
        raise GraphError(
            400, "MaximumValueExceeded",
            f"Number of batch request steps exceeds the maximum value of {MOST_REQUESTS}.",
        )  # fmt: skip
    names: set[str] = set()
    for step in steps:
        if not isinstance(step, dict) or not step.keys() <= _MEMBERS:
            raise _invalid(f"a request may have {', '.join(sorted(_MEMBERS))}")
        if not all(
            isinstance(step.get(name), str) and step[name] for name in ("id", "method", "url")
        ):
            raise _invalid("a request needs id, method and url")
        depends, headers = step.get("dependsOn", []), step.get("headers", {})
        if not (isinstance(depends, list) and all(isinstance(each, str) for each in depends)):
            raise _invalid("dependsOn must be a list of ids")
        if not (isinstance(headers, dict) and all(isinstance(v, str) for v in headers.values())):
            raise _invalid("headers must be an object of texts")
        if step["id"].lower() in names:
            raise _invalid("two requests have the same id")
        if not step["url"].partition("?")[0].isprintable() or "://" in step["url"]:
            raise _invalid("url must be relative to the version")
        if "$batch" in step["url"]:
            raise _invalid("a batch can't hold a batch")
        names.add(step["id"].lower())
    return steps


def _ordered(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The requests, each after those that it depends on."""
    waiting, done, ordered = list(steps), set[str](), list[dict[str, Any]]()
    while waiting:
        ready = [each for each in waiting if set(each.get("dependsOn", [])) <= done]
        if not ready:
            raise _invalid("dependsOn names a request that isn't there, or goes in a circle")
        ordered += ready
        done |= {each["id"] for each in ready}
        waiting = [each for each in waiting if each["id"] not in done]
    return ordered


def _request(outer: Request, step: dict[str, Any], version: str) -> Request:
    target = urlsplit(step["url"])
    own = {name.lower(): value for name, value in step.get("headers", {}).items()}
    if "authorization" in outer.headers:
        own["authorization"] = outer.headers["authorization"]
    return replace(
        outer,
        id=str(uuid.uuid4()),
        method=step["method"].upper(),
        path=f"{version}/{unquote(target.path).lstrip('/')}",
        query=dict(parse_qsl(target.query, keep_blank_values=True)),
        headers=own,
        body=orjson.dumps(step["body"]) if "body" in step else b"",
    )


def _invalid(what: str) -> GraphError:
    return GraphError(400, "BadRequest", f"Invalid batch payload format: {what}.")
