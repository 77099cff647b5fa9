"""Every rule that scim2-tester knows is held by a sandbox on a real server."""

from __future__ import annotations

from collections import defaultdict

import pytest
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import CheckConfig, CheckResult, Status, check_server
from scim2_tester.checkers.schemas import core_schemas_validation
from scim2_tester.utils import CheckContext

from tests.testers.demo import Target
from tests.testers.rules import rules

RULES = rules("scim2_tester")

Results = dict[str, list[CheckResult]]


@pytest.fixture(scope="session")
def results(target: Target) -> Results:
    """What one whole run found, by rule."""
    found: Results = defaultdict(list)
    headers = {"Authorization": f"Bearer {target.token}"}
    with Client(base_url=target.url, headers=headers) as http:
        client = SyncSCIMClient(http)
        # The run itself leaves this check out.
        meta_schemas = core_schemas_validation(CheckContext(client, CheckConfig()))
        for result in (*check_server(client), *meta_schemas):
            found[_rule(result)].append(result)
    return found


def _rule(result: CheckResult) -> str:
    """``User check_add_attribute emails``: the resource type, the check and the attribute."""
    attribute = result.data.get("urn") if isinstance(result.data, dict) else None
    return " ".join(filter(None, (result.resource_type, result.title, attribute)))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_scim2_tester_is_held(rule: str, results: Results) -> None:
    assert rule in results, "The check was not made."
    broken = [result.reason for result in results[rule] if result.status is not Status.SUCCESS]
    assert not broken


def test_every_rule_that_scim2_tester_checks_is_listed(results: Results) -> None:
    assert sorted(results) == sorted(RULES)
