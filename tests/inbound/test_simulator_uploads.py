"""bulkUpload takes what its reference allows, and refuses the rest in Microsoft's form."""

from __future__ import annotations

from tests.inbound.asking import push, user
from tests.inbound.double import Double


def test_an_accepted_call_has_no_body_and_names_the_log(double: Double) -> None:
    answer = push(double, user(1))

    assert answer.content == b""
    assert answer.headers["location"] == (
        f"{double.graph}/auditLogs/provisioning/?$filter=jobid%20eq%20'{double.tenant.job_id}'"
    )
    assert answer.headers["request-id"] == answer.headers["client-request-id"]
    double.settle()
    assert double.accounts["P-1"]["accountEnabled"] is True
