"""The double as one object: a request in, an answer out, or none where the fault is a lost one."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from scim_server.clock import Clock
from scim_server.inbound.simulator import batch, uploads
from scim_server.inbound.simulator.accounts import Accounts
from scim_server.inbound.simulator.connectors import Connectors
from scim_server.inbound.simulator.faults import CUT, EXPIRED, LOST, Faults
from scim_server.inbound.simulator.groups import Groups
from scim_server.inbound.simulator.limits import BURST, BURST_SECONDS, DAY_SECONDS, Window
from scim_server.inbound.simulator.log import Log
from scim_server.inbound.simulator.messages import (
    LONGEST,
    Answer,
    GraphError,
    Request,
    not_found,
    throttled,
)
from scim_server.inbound.simulator.reading import Reading
from scim_server.inbound.simulator.routing import Route, route
from scim_server.inbound.simulator.tenant import UPLOAD, UPLOAD_OWNED, Tenant
from scim_server.inbound.simulator.tokens import Tokens

_TOKEN = re.compile(r"/([^/]+)/oauth2/v2\.0/token")
_UPLOAD = r"/servicePrincipals/([^/]+)/synchronization/jobs/([^/]+)/bulkUpload"
_GRAPH = re.compile(r"/(?:v1\.0|beta)(/.*)")


@dataclass(frozen=True, slots=True)
class Call:
    """A call that came, by itself or within a batch. ``status`` 0 means that it got no answer."""

    at: datetime
    method: str
    path: str
    body: Any
    status: int


class Simulator:
    """One tenant. Safe to be called from several threads: one call is answered at a time."""

    def __init__(self, tenant: Tenant, clock: Clock) -> None:
        self.tenant, self._clock = tenant, clock
        self.log = Log()
        self.accounts = Accounts(tenant, self.log)
        self.tokens = Tokens(tenant, clock)
        self.faults = Faults()
        self.calls: list[Call] = []
        self.burst = Window(BURST, BURST_SECONDS)
        self.day = Window(tenant.quota, DAY_SECONDS)
        self.lock = threading.RLock()
        self.groups = Groups(tenant, self.accounts, clock)
        self.connectors = Connectors(tenant, clock)
        self._routes = (
            route(_UPLOAD, "bulkUpload", POST=(self._upload, (UPLOAD, UPLOAD_OWNED))),
            route(r"/\$batch", "batch", POST=(self._batch, ())),
            *Reading(self.accounts, self.log, clock).routes(),
            *self.groups.routes(),
            *self.connectors.routes(),
        )

    def work(self) -> None:
        """Do what is due by the clock."""
        with self.lock:
            self.accounts.work(self._clock())

    def handle(self, request: Request) -> Answer | None:
        """The answer to a request; None: the connection ends without one."""
        with self.lock:
            self.work()
            return self._step(request)

    def _step(self, request: Request) -> Answer | None:
        """A request by itself, or one of a batch."""
        self.groups.note(request)
        try:
            answer = self._answer(request)
        except GraphError as error:
            answer = error.answer(request, self._clock())
        self._note(request, answer)
        if answer is None:
            return None
        headers = {"request-id": request.id, "client-request-id": request.client_id}
        return Answer(answer.status, answer.body, {**headers, **answer.headers})

    def _note(self, request: Request, answer: Answer | None) -> None:
        try:
            body = orjson.loads(request.body) if request.body else None
        except orjson.JSONDecodeError:
            body = None
        status = answer.status if answer else 0
        self.calls.append(Call(self._clock(), request.method, request.path, body, status))

    def _answer(self, request: Request) -> Answer | None:
        if len(request.body) > LONGEST:
            raise GraphError(413, "RequestEntityTooLarge", f"At most {LONGEST} bytes are taken.")
        if (found := _TOKEN.fullmatch(request.path)) is not None:
            fault = self.faults.take("token")
            answer = None if fault == CUT else self.tokens.answer(request, found[1])
            return None if fault == LOST else answer
        if (found := _GRAPH.fullmatch(request.path)) is None:
            raise GraphError(
                404, "NotFound", "No such version of the service. Call /v1.0 or /beta."
            )
        return self._graph(request, found[1])

    def _graph(self, request: Request, path: str) -> Answer | None:
        """Authentication comes before everything else, then the route, then permissions."""
        found, parts = self._route(path)
        fault = self.faults.take(found.kind) if found else ""
        if fault == EXPIRED:
            self.tokens.expire()
        permissions = self.tokens.permissions(request)
        if found is None:
            raise GraphError(400, "BadRequest", f"Resource not found for the segment '{path}'.")
        if request.method not in found.methods:
            raise GraphError(
                405, "Request_BadRequest",
                "Specified HTTP method is not allowed for the request target.",
                {"Allow": ", ".join(found.methods)},
            )  # fmt: skip
        request = replace(request, permissions=permissions)
        if found.needs[request.method]:
            request.need(found.needs[request.method])
        if fault == CUT:
            return None
        answer = found.methods[request.method](request, *parts)
        return None if fault == LOST else answer

    def _route(self, path: str) -> tuple[Route | None, tuple[str | None, ...]]:
        for each in self._routes:
            if (found := each.path.fullmatch(path)) is not None:
                return each, found.groups()
        return None, ()

    def _batch(self, request: Request) -> Answer | None:
        return batch.answer(request, self._step)

    def _upload(self, request: Request, service_principal: str, job: str) -> Answer:
        """bulkUpload: the operations are accepted, and worked on later."""
        if service_principal != self.tenant.service_principal_id:
            raise not_found(service_principal)
        if job != self.tenant.job_id:
            raise not_found(job)
        now = self._clock()
        if wait := max(self.burst.count(now), self.day.count(now)):
            raise throttled(wait)
        self.accounts.accept(uploads.operations(request), now)
        query = quote(f"jobid eq '{job}'", safe="'")
        return Answer(
            202, None, {"location": f"{request.base}/v1.0/auditLogs/provisioning/?$filter={query}"}
        )
