"""The provisioning log: one entry for each operation, as ``provisioningObjectSummary`` has it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from scim_server.inbound.simulator.tenant import Tenant

INVALID_NAME = "AzureActiveDirectoryInvalidUserPrincipalName"
DUPLICATE_NAME = "AzureActiveDirectoryDuplicateUserPrincipalName"
MISSING = "MandatoryFieldsMissing"
SKIPPED = "EntrySynchronizationSkipped"

_REASONS = {
    INVALID_NAME: (
        "The user principal name is not valid: its domain does not exist in the tenant, or is not "
        "verified, or what stands before the @ has characters that are not allowed."
    ),
    DUPLICATE_NAME: "Another object has the same value of userPrincipalName already.",
    MISSING: "The account could not be created, because a required property is missing.",
}
_EXPORTS = {
    "create": "EntryExportAdd",
    "update": "EntryExportUpdate",
    "disable": "EntryExportUpdate",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """``action`` and ``status`` as the log has them; ``changes`` are old and new values."""

    action: str
    status: str
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """``shown`` is the moment from which on the log tells of it."""

    number: int
    shown: datetime
    body: dict[str, Any]

    @classmethod
    def of(
        cls,
        outcome: Outcome,
        data: dict[str, Any],
        user: dict[str, Any] | None,
        cycle: str,
        at: datetime,
        tenant: Tenant,
    ) -> Entry:
        app = {"id": tenant.service_principal_id, "displayName": "API-driven provisioning"}
        named = {"displayName": data.get("displayName") or "", "identityType": "User"}
        body = {
            "id": str(uuid.uuid4()),
            "activityDateTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tenantId": tenant.tenant_id,
            "jobId": tenant.job_id,
            "cycleId": cycle,
            "changeId": str(uuid.uuid4()),
            "provisioningAction": outcome.action,
            "durationInMilliseconds": 100,
            "provisioningStatusInfo": {
                "status": outcome.status, "errorInformation": _error(outcome),
            },
            "provisioningSteps": _steps(outcome),
            "modifiedProperties": [
                {"displayName": name, "oldValue": _text(old), "newValue": _text(new)}
                for name, (old, new) in outcome.changes.items()
            ],
            "servicePrincipal": app,
            "sourceSystem": {**app, "displayName": "API", "details": {}},
            "targetSystem": {
                "id": tenant.tenant_id, "displayName": "Microsoft Entra ID",
                "details": {"ServicePrincipalId": app["id"]},
            },
            "initiatedBy": {
                "initiatorType": "system", "id": "",
                "displayName": "Azure AD Provisioning Service",
            },
            "sourceIdentity": {"id": data["externalId"], **named, "details": {}},
            "targetIdentity": {"id": (user or {}).get("id", ""), **named, "details": {}},
        }  # fmt: skip
        return cls(0, at + timedelta(seconds=tenant.log_delay), body)


class Log:
    """The entries in the order of the work."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        self.entries.append(Entry(len(self.entries), entry.shown, entry.body))

    def shown(self, now: datetime) -> Iterator[Entry]:
        return (each for each in self.entries if each.shown <= now)

    def failures(self) -> Counter[str]:
        """How often each error code came."""
        infos = (each.body["provisioningStatusInfo"] for each in self.entries)
        return Counter(
            info["errorInformation"]["errorCode"] for info in infos if info["status"] == "failure"
        )


def _error(outcome: Outcome) -> dict[str, Any] | None:
    if outcome.error is None:
        return None
    return {
        "errorCode": outcome.error,
        "reason": _REASONS[outcome.error],
        "additionalDetails": None,
        "errorCategory": "nonServiceFailure",
        "recommendedAction": None,
    }


def _steps(outcome: Outcome) -> list[dict[str, Any]]:
    def step(name: str, kind: str, status: str = "success") -> dict[str, Any]:
        return {
            "name": name, "provisioningStepType": kind, "status": status,
            "description": f"{name} ended as {status}.", "details": {},
        }  # fmt: skip

    steps = [step("EntryImport", "import")]
    if outcome.status == "skipped":
        skip = step("EntrySynchronizationSkip", "processing", "skipped")
        return [*steps, {**skip, "details": {"SkipReason": SKIPPED}}]
    matching = (
        "EntrySynchronizationAdd" if outcome.action == "create" else "EntrySynchronizationUpdate"
    )
    return [
        *steps, step(matching, "matching"),
        step(_EXPORTS[outcome.action], "export", outcome.status),
    ]  # fmt: skip


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
