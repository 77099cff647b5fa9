"""The provisioning log: when entries appear, what they hold, and how they are asked for."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.inbound.asking import call, push, user
from tests.inbound.double import Double, doubled

LOG = "/auditLogs/provisioning"


def read(double: Double, **query: str) -> httpx2.Response:
    return call(double, "GET", LOG, params={f"${name}": value for name, value in query.items()})


def entries(double: Double, **query: str) -> list[dict[str, Any]]:
    answer = read(double, **query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["value"])


def sources(found: list[dict[str, Any]]) -> list[str]:
    return [each["sourceIdentity"]["id"] for each in found]


def test_entries_appear_after_the_delay_of_the_log() -> None:
    """Red when the log tells of what was done at once."""
    with doubled(delay=30, log_delay=300) as double:
        push(double, user(1))
        double.clock.move(seconds=329)
        assert double.accounts
        assert entries(double) == []
        double.clock.move(seconds=1)
        assert sources(entries(double)) == ["P-1"]


def test_an_entry_has_the_documented_members(double: Double) -> None:
    push(double, user(1))
    double.settle()

    (entry,) = entries(double)
    assert entry.keys() == {
        "id", "activityDateTime", "tenantId", "jobId", "cycleId", "changeId", "provisioningAction",
        "durationInMilliseconds", "provisioningStatusInfo", "provisioningSteps",
        "modifiedProperties", "servicePrincipal", "sourceSystem", "targetSystem", "initiatedBy",
        "sourceIdentity", "targetIdentity",
    }  # fmt: skip
    assert entry["activityDateTime"] == "2026-11-24T12:00:30Z"
    assert entry["jobId"] == double.tenant.job_id
    assert entry["servicePrincipal"]["id"] == double.tenant.service_principal_id
    assert entry["provisioningStatusInfo"] == {"status": "success", "errorInformation": None}
    assert entry["sourceIdentity"] == {
        "id": "P-1", "displayName": "Person 1", "identityType": "User", "details": {},
    }  # fmt: skip
    assert entry["targetIdentity"]["id"] == double.accounts["P-1"]["id"]
    enabled = {"displayName": "accountEnabled", "oldValue": None, "newValue": "True"}
    assert enabled in entry["modifiedProperties"]
    assert [each["provisioningStepType"] for each in entry["provisioningSteps"]] == [
        "import", "matching", "export",
    ]  # fmt: skip


def test_a_failure_tells_its_code_and_reason(double: Double) -> None:
    push(double, user(1, userName="a@unverified.example"))
    double.settle()

    (entry,) = entries(double)
    error = entry["provisioningStatusInfo"]["errorInformation"]
    assert error.keys() == {
        "errorCode", "reason", "additionalDetails", "errorCategory", "recommendedAction",
    }  # fmt: skip
    assert "domain does not exist" in error["reason"]
    assert entry["targetIdentity"]["id"] == ""


def test_the_operations_of_one_call_have_one_cycle(double: Double) -> None:
    push(double, user(1), user(2))
    push(double, user(3))
    double.settle()
    first, second, third = entries(double, orderby="activityDateTime")
    assert first["cycleId"] == second["cycleId"] != third["cycleId"]
    assert len({each["changeId"] for each in (first, second, third)}) == 3


@pytest.mark.parametrize(
    "text",
    [
        "jobid eq '{job}'",
        "jobId eq '{job}' and activityDateTime ge 2026-11-24T12:01:00Z",
        "activityDateTime gt 2026-11-24T12:00:59Z and activityDateTime lt 2026-11-24T12:01:01Z",
        "activityDateTime ge 2026-11-24",
        "activityDateTime eq 2026-11-24T12:01:00Z",
        "provisioningStatusInfo/status eq 'success'",
        "contains(sourceIdentity/id, 'P-')",
    ],
)
def test_a_filter_that_holds_finds_the_entry(double: Double, text: str) -> None:
    double.clock.move(seconds=29.75)
    push(double, user(1))
    double.settle()
    assert sources(entries(double, filter=text.format(job=double.tenant.job_id))) == ["P-1"]


@pytest.mark.parametrize(
    "text",
    [
        "jobid eq 'another'",
        "jobId eq '{lower}'",
        "activityDateTime gt 2026-11-24T12:01:00Z",
        "activityDateTime lt 2026-11-24T12:00:00Z",
        "provisioningStatusInfo/status eq 'failure'",
        "sourceIdentity/id eq 'it''s'",
    ],
)
def test_a_filter_that_doesn_t_hold_finds_nothing(double: Double, text: str) -> None:
    double.clock.move(seconds=29.75)
    push(double, user(1))
    double.settle()
    assert entries(double, filter=text.format(lower=double.tenant.job_id.lower())) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jobid",
        "jobid eq another",
        "jobid ne 'a'",
        "jobid gt 'a'",
        "startswith(jobid, 'a')",
        "jobid eq 'a' or jobid eq 'b'",
        "(jobid eq 'a')",
        "not jobid eq 'a'",
        "jobid eq 'a' and",
        "jobid eq 'a' jobid eq 'b'",
        "colour eq 'red'",
        "activityDateTime ge '2026-11-24'",
        "activityDateTime ge 2026-13-24",
        "activityDateTime ge now",
    ],
)
def test_a_filter_that_is_not_supported_is_400(double: Double, text: str) -> None:
    """Red when a filter that isn't understood answers with everything."""
    answer = read(double, filter=text)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("Invalid filter clause")


@pytest.mark.parametrize(
    "query",
    [
        {"top": "0"}, {"top": "1001"}, {"top": "many"}, {"skip": "1"}, {"select": "id"},
        {"orderby": "jobId"}, {"skiptoken": "mine"}, {"count": "true"},
    ],
)  # fmt: skip
def test_a_query_option_that_is_not_supported_is_400(double: Double, query: dict[str, str]) -> None:
    assert read(double, **query).status_code == 400


@pytest.mark.parametrize(("order", "first"), [("desc", "P-5"), ("asc", "P-1"), (None, "P-5")])
def test_pages_hold_every_entry_once_in_order(
    double: Double, order: str | None, first: str
) -> None:
    for number in range(1, 6):
        push(double, user(number))
        double.clock.move(seconds=1)
    double.settle()
    query = {"orderby": f"activityDateTime {order}"} if order else {}
    found: list[str] = []
    answer = read(double, top="2", filter=f"jobid eq '{double.tenant.job_id}'", **query).json()
    while link := answer.get("@odata.nextLink"):
        assert len(answer["value"]) == 2
        found += sources(answer["value"])
        # What comes in between shifts nothing.
        push(double, user(9))
        double.settle()
        answer = call(double, "GET", link).json()
    found += sources(answer["value"])
    assert found[0] == first
    assert sorted(one for one in found if one != "P-9") == [f"P-{one}" for one in range(1, 6)]


@pytest.mark.parametrize("permission", ["AuditLog.Read.All", "ProvisioningLog.Read.All"])
def test_either_permission_reads_the_log(double: Double, permission: str) -> None:
    double.tenant.permissions = (permission,)
    assert read(double).status_code == 200


def test_without_a_permission_the_log_is_403(double: Double) -> None:
    double.tenant.permissions = ("SynchronizationData-User.Upload",)
    assert read(double).status_code == 403
