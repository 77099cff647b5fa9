"""The made-up tenant: its ids, its one app with its permissions, its domains and its limits."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

from cryptography.x509 import Certificate

UPLOAD = "SynchronizationData-User.Upload"
UPLOAD_OWNED = "SynchronizationData-User.Upload.OwnedBy"
CONNECTORS = "IndustryData-DataConnector.ReadWrite.All"
PERMISSIONS = (
    UPLOAD, "ProvisioningLog.Read.All", "User.Read.All", "Group.ReadWrite.All", CONNECTORS,
)  # fmt: skip
"""What the app may do at first: what a push with groups needs, and what a connector does."""

QUOTAS = (2_000, 6_000)
"""Calls of bulkUpload within 24 hours: with Entra ID P1 or P2, and with Governance."""


def _guid() -> str:
    return str(uuid.uuid4())


@dataclass
class Tenant:
    """Durations are seconds. ``delay`` passes from a call to the work on it, and ``log_delay`` from
    there until the log tells of it; Microsoft names 5 to 10 minutes for the latter.
    """

    domains: tuple[str, ...]
    tenant_id: str = field(default_factory=_guid)
    client_id: str = field(default_factory=_guid)
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(30))
    service_principal_id: str = field(default_factory=_guid)
    job_id: str = ""
    certificate: Certificate | None = None
    permissions: tuple[str, ...] = PERMISSIONS
    extensions: tuple[str, ...] = ()
    """Names of the directory extensions that groups may have, such as ``extension_<app>_key``."""
    quota: int = QUOTAS[0]
    token_life: int = 3_599
    delay: float = 30
    log_delay: float = 300

    def __post_init__(self) -> None:
        if not self.job_id:
            self.job_id = f"API2AAD.{self.tenant_id.replace('-', '')}.{_guid()}"

    @property
    def source_system_id(self) -> str:
        """The one source system that connectors can be made for; it is the same after a restart."""
        return str(uuid.uuid5(uuid.UUID(self.tenant_id), "sourceSystem"))

    def kept(self) -> dict[str, Any]:
        """The ids and the secret, which stay the same when a rehearsal is continued."""
        names = ("tenant_id", "client_id", "secret", "service_principal_id", "job_id")
        return {name: getattr(self, name) for name in names}
