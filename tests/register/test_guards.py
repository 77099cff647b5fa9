"""Guards against a mass departure by mistake."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scim_server.errors import Refused
from scim_server.register.guards import check
from scim_server.register.plan import Changes, Kind, Plan

LIVE: dict[Kind, int] = {"pupils": 3000, "employees": 30, "groups": 200, "memberships": 3000}


def _plan(kind: Kind = "memberships", deactivated: int = 0) -> Plan:
    changes: dict[str, Any] = {kind: Changes(1, deactivated=deactivated)}
    return replace(Plan(Changes(unchanged=1)), **changes)


@pytest.mark.parametrize(("kind", "limit"), [("pupils", 300), ("employees", 3), ("groups", 20)])
def test_more_than_a_tenth_of_a_kind_is_not_deactivated(kind: Kind, limit: int) -> None:
    check(_plan(kind, limit), LIVE)
    with pytest.raises(Refused) as refusal:
        check(_plan(kind, limit + 1), LIVE)
    assert f"{limit + 1} of {LIVE[kind]:,} {kind}" in str(refusal.value)
    assert "10 %" in str(refusal.value)
    assert "--allow-deactivations" in str(refusal.value)


def test_the_operator_can_allow_deactivations() -> None:
    check(_plan("pupils", 3000), LIVE, allow_deactivations=True)


def test_the_limit_can_be_set() -> None:
    check(_plan("pupils", 600), LIVE, 20)
    with pytest.raises(Refused, match=r"1 of 3,000 pupils; the limit is 0 %"):
        check(_plan("pupils", 1), LIVE, 0)


def test_every_breach_is_named() -> None:
    plan = Plan(Changes(1, deactivated=299), groups=Changes(deactivated=200))
    with pytest.raises(Refused, match=r"299 of 300 pupils and 200 of 200 groups"):
        check(plan, {**LIVE, "pupils": 300})


def test_memberships_may_change_as_they_like() -> None:
    check(_plan("memberships", 3000), LIVE)


@pytest.mark.parametrize("live", [LIVE, {}])
def test_files_without_people_are_refused_even_in_a_new_unit(live: dict[Kind, int]) -> None:
    with pytest.raises(Refused, match=r"no people.*--allow-empty"):
        check(Plan(groups=Changes(created=5)), live, allow_deactivations=True)
    check(Plan(), live, allow_empty=True)


@pytest.mark.parametrize("happening", ["created", "changed", "reactivated", "unchanged"])
@pytest.mark.parametrize("kind", ["pupils", "employees"])
def test_one_person_is_enough(kind: Kind, happening: str) -> None:
    changes: dict[str, Any] = {kind: Changes(**{happening: 1})}
    check(Plan(**changes), LIVE)


def test_allowing_empty_files_allows_no_deactivations() -> None:
    with pytest.raises(Refused, match="--allow-deactivations"):
        check(Plan(pupils=Changes(deactivated=3000)), LIVE, allow_empty=True)


def test_a_kind_without_live_records_has_none_to_deactivate() -> None:
    with pytest.raises(Refused, match="1 of 0 pupils"):
        check(_plan("pupils", 1), {}, 100)


def test_the_first_import_of_a_unit_passes() -> None:
    check(Plan(pupils=Changes(created=600)), {})
