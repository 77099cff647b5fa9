"""A sandbox on a real server passes scim-sanity in strict mode, without a failure or a warning."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from scim_sanity.probe.runner import run_probe_api

from tests.testers.demo import Target
from tests.testers.rules import rules

RULES = rules("scim_sanity")
OF_OTHER_RESOURCE_TYPES = {
    "Phase 4 — Agent CRUD Lifecycle: Agent CRUD Lifecycle",
    "Phase 5 — AgenticApplication CRUD Lifecycle: AgenticApplication CRUD Lifecycle",
    "Phase 5a — Agent Rapid Lifecycle: Agent Rapid Lifecycle",
}
"""What is skipped, since a sandbox has users and groups alone."""

Results = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="session")
def results(target: Target) -> Results:
    """What one whole run found, by rule."""
    found: Results = defaultdict(list)
    for result in run_probe_api(target.url, token=target.token, strict=True)["results"]:
        found[f"{result['phase']}: {result['name']}"].append(result)
    return found


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_scim_sanity_is_held(rule: str, results: Results) -> None:
    assert rule in results, "The check was not made."
    assert [result for result in results[rule] if result["status"] != "pass"] == []


def test_every_rule_that_scim_sanity_checks_is_listed(results: Results) -> None:
    assert set(results) == {*RULES, *OF_OTHER_RESOURCE_TYPES}
