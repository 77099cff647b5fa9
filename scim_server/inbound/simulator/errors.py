"""Refusals of the token endpoint, in the form of Microsoft Entra."""

from __future__ import annotations

from datetime import datetime

from scim_server.inbound.simulator.messages import Answer, Request


class EntraError(Exception):
    """``number`` is what follows AADSTS; ``error`` is the code of RFC 6749 §5.2."""

    def __init__(self, number: int, sentence: str, error: str = "invalid_request") -> None:
        super().__init__(sentence)
        self.number, self.sentence, self.error = number, sentence, error

    def answer(self, request: Request, now: datetime) -> Answer:
        stamp = now.strftime("%Y-%m-%d %H:%M:%SZ")
        description = (
            f"AADSTS{self.number}: {self.sentence} Trace ID: {request.id} "
            f"Correlation ID: {request.client_id} Timestamp: {stamp}"
        )
        body = {
            "error": self.error,
            "error_description": description,
            "error_codes": [self.number],
            "timestamp": stamp,
            "trace_id": request.id,
            "correlation_id": request.client_id,
        }
        status = 401 if self.error == "invalid_client" else 400
        return Answer(status, body, {"Cache-Control": "no-store, no-cache"})
