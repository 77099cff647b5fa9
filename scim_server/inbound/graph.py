"""The job that takes a unit's people, and its log: what their answers mean is told here."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from scim_server.clock import Clock
from scim_server.inbound.configuration import Configuration
from scim_server.inbound.session import Session, unexpected
from scim_server.inbound.transport import Transport

_SCIM = "application/scim+json"

_AS_IT_IS = (400, 413)
"""Refused because of what the request holds."""

_WHAT_TO_CHECK = {
    403: "The app may not do this: grant it SynchronizationData-User.Upload and "
    "ProvisioningLog.Read.All (or AuditLog.Read.All) as application permissions, with an "
    "administrator's consent.",
    404: "There is no such job: check the service principal's object id (not the app's) and the "
    "job's id, both on the enterprise app's provisioning overview.",
}


class Graph:
    """Speaks for one unit."""

    def __init__(self, of: Configuration, transport: Transport, clock: Clock) -> None:
        self._of, self.session = of, Session(of, transport, clock)
        base = self.session.base
        job = f"/v1.0/servicePrincipals/{of.service_principal}/synchronization/jobs/{of.job}"
        self._upload_url = f"{base}{job}/bulkUpload"
        self._log_url = f"{base}/v1.0/auditLogs/provisioning"

    def sign_in(self) -> None:
        """As :meth:`Session.sign_in`."""
        self.session.sign_in()

    def upload(self, body: bytes) -> bool:
        """Hand over one bulk request: whether it was taken. False: refused as it is (status 400).

        Call :meth:`sign_in` first. Raises :class:`~scim_server.inbound.session.TryAgain` where it
        may or may not have been taken, and :class:`~scim_server.errors.NotPushed` where a person
        has to do something.
        """
        answer = self.session.ask("POST", self._upload_url, body, kind=_SCIM)
        if answer.status in _AS_IT_IS:
            return False
        if answer.status not in (200, 202):
            raise unexpected(answer, _WHAT_TO_CHECK)
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
        return self.session.page(page, _WHAT_TO_CHECK)
