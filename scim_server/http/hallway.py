"""What happens to every request, in one order, whichever way it came in.

Limits, then the token, its unit and its scope, then the handler; every failure is written by the
door, and one line goes to the access log: never a query string, a body or a name.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scim_server.audit.refusals import Refusals
from scim_server.errors import (
    DatabaseUnavailable,
    Fault,
    Forbidden,
    RequestFailed,
    Unauthenticated,
    Unavailable,
)
from scim_server.http.exchange import Answer, Call, Environ
from scim_server.http.limits import check_query, read_body
from scim_server.http.logs import write_access
from scim_server.http.routes import LIVE, PUBLIC, Door, Route
from scim_server.oauth.rates import Rates
from scim_server.oauth.tokens import Grant, Tokens

_access = logging.getLogger("scim_server.access")
_faults = logging.getLogger("scim_server.faults")

_CHALLENGE = 'Bearer realm="scim"'


@dataclass(slots=True)
class Hallway:
    """``max_body`` and ``max_query`` are in bytes. ``pointer`` tells what of a unit's name goes
    into a challenge, to lead to the unit's metadata.
    """

    tokens: Tokens
    rates: Rates
    refusals: Refusals
    max_body: int
    max_query: int
    pointer: Callable[[str], str]

    def enter(
        self, environ: Environ, door: Door, route: Route, arguments: Mapping[str, str]
    ) -> Answer:
        """Answer one request; nothing is raised."""
        started = time.perf_counter()
        request_id = secrets.token_hex(8)
        method = str(environ["REQUEST_METHOD"])
        call = Call(method, environ, arguments, None)
        try:
            answer = self._handle(call, route)
        except RequestFailed as failure:
            answer = door.failure(failure)
        except DatabaseUnavailable as failure:
            _faults.error("database unavailable request=%s", request_id)
            answer = door.failure(Unavailable(str(failure), [("Retry-After", "5")]))
        except Exception as error:  # noqa: BLE001 (a request is always answered)
            # The text of an exception may hold what the request held: only its kind is logged.
            _faults.error("%s request=%s at=%s", type(error).__name__, request_id, _origin(error))
            answer = door.failure(
                Fault(f"The server failed. Tell its operator the request id {request_id}.")
            )
        answer.headers.append(("X-Request-Id", request_id))
        if _access.isEnabledFor(logging.INFO):
            self._log(call, door, route, answer, request_id, time.perf_counter() - started)
        return answer

    def _handle(self, call: Call, route: Route) -> Answer:
        check_query(call.environ, self.max_query)
        scope = route.scope_of(call.method)
        if scope != PUBLIC:
            call.grant = self._admit(call, scope)
        handler = route.handler(call.method)
        call.body = read_body(call.environ, self.max_body)
        return handler(call)

    def _admit(self, call: Call, scope: str) -> Grant:
        """The unit comes from the token and must be the one in the path."""
        scheme, _, token = call.header("Authorization").partition(" ")
        if not scheme:
            raise self._refused(
                call, "A bearer token is needed. Get one at the token endpoint of the unit.", ""
            )
        grant = self.tokens.check(token.strip()) if scheme.lower() == "bearer" else None
        if grant is None:
            self.refusals.note(None, None, "unknown")
            raise self._refused(call, "The token is unknown, has expired or was revoked.")
        if grant.unit != call.arguments.get("unit"):
            self.refusals.note(grant.unit, grant.client_id, "for another unit")
            raise self._refused(call, "The token is for another unit.")
        if not grant.publishes:
            self.refusals.note(grant.unit, grant.client_id, "publishes nothing")
            raise self._refused(
                call,
                "The unit publishes nothing: no school's director has decided "
                "'Synchronizacja z Office 365 = Tak', or the decision was withdrawn.",
            )
        self.rates.admit(grant.client_id, grant.kind)
        if scope != LIVE:
            check_scope(grant, scope)
        self.tokens.note_use(grant.secret_id, "last_read")
        return grant

    def _refused(
        self, call: Call, detail: str, error: str = ', error="invalid_token"'
    ) -> Unauthenticated:
        challenge = _CHALLENGE + error + self.pointer(call.arguments.get("unit", ""))
        return Unauthenticated(detail, [("WWW-Authenticate", challenge)])

    @staticmethod
    def _log(
        call: Call, door: Door, route: Route, answer: Answer, request_id: str, seconds: float
    ) -> None:
        facts = {
            "request": request_id,
            "door": door.name,
            "method": call.method if call.method.isalpha() else "?",
            "rule": call.rule or route.rule,
            "status": answer.status,
            "ms": round(seconds * 1_000, 2),
            "bytes": len(answer.body),
        }
        if call.grant:
            facts |= {"unit": call.grant.unit, "client": call.grant.client_id}
        if answer.count is not None:
            facts["count"] = answer.count
        write_access(facts)


def check_scope(grant: Grant, scope: str) -> None:
    """Raises :class:`~scim_server.errors.Forbidden` where the token doesn't have ``scope``."""
    if scope not in grant.scopes:
        challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'
        raise Forbidden(
            f"The token doesn't have the scope {scope}.", [("WWW-Authenticate", challenge)]
        )


def _origin(error: BaseException) -> str:
    """The file and line that raised, without any value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{trace.tb_frame.f_code.co_filename.rpartition('scim_server')[2]}:{trace.tb_lineno}"
