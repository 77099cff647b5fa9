"""Groups when a unit is configured anew: their kind stays, and another tenant has none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from scim_server.audit import entries
from scim_server.errors import BadInput
from scim_server.inbound.tables import inbound, inbound_account, inbound_group, inbound_member
from tests.inbound.pushed import Pushed, grouped
from tests.inbound.test_configuring import GOOD, UUID
from tests.school import World


@pytest.fixture
def pushed(world: World) -> Iterator[Pushed]:
    with grouped(world) as made:
        yield made


def test_groups_go_along_only_where_somebody_chose_so() -> None:
    assert GOOD.groups == "none"
    other: dict[str, Any] = {"groups": "teams"}
    with pytest.raises(BadInput, match="none, security, microsoft365"):
        replace(GOOD, **other)


def test_the_kind_of_groups_that_were_made_stays(pushed: Pushed) -> None:
    """Red when ``_check_kind`` isn't called."""
    pushed.configure(groups="microsoft365")
    pushed.configure(groups="security")
    pushed.push()
    with pytest.raises(BadInput, match="made as security"):
        pushed.configure(groups="microsoft365")
    pushed.configure(groups="none")
    with pytest.raises(BadInput, match="--groups security"):
        pushed.configure(groups="microsoft365")
    pushed.configure(groups="security")
    pushed.push_groups()
    pushed.check_groups()
    with pushed.database.read() as connection:
        found = entries(connection, unit="sp12", action="inbound.configured")
        assert connection.scalar(select(inbound.c.groups)) == "security"
    chosen = [each["facts"]["groups"] for each in found]
    assert chosen == ["security", "microsoft365", "security", "none", "security"]


def test_another_job_of_the_tenant_keeps_its_groups(pushed: Pushed) -> None:
    """Red when a change of the job forgets accounts: nobody would be taken out any longer."""
    pushed.push_groups()
    pushed.double.tenant.job_id = "API2AAD.other"
    pushed.configure(job="API2AAD.other", groups="security")
    pushed.fill_groups({1: ["U-3", "U-5", "P-1"], 2: ["U-2", "U-4", "P-1"]})
    outcome = pushed.push(allow_deactivations=True).groups
    assert outcome is not None
    assert (outcome.created, outcome.added, outcome.removed) == (0, 0, 1)
    pushed.check_groups()


def test_another_tenant_has_none_of_the_groups(pushed: Pushed) -> None:
    """Red when ``configure`` keeps what another tenant was given."""
    pushed.push_groups()
    pushed.double.tenant.tenant_id = UUID
    pushed.configure(groups="microsoft365")
    with pushed.database.read() as connection:
        for table in (inbound_group, inbound_member, inbound_account):
            assert connection.execute(select(table)).all() == []


def test_the_same_tenant_in_other_letters_is_no_other(pushed: Pushed) -> None:
    pushed.push_groups()
    pushed.configure(groups="security", tenant=pushed.double.tenant.tenant_id.upper())
    with pushed.database.read() as connection:
        assert len(connection.execute(select(inbound_member)).all()) == 7
