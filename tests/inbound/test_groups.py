"""Groups in the push: as the register has them, and nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from scim_server.audit import entries
from scim_server.audit.disclosures import disclosed
from scim_server.directory.resources import person_with_key
from scim_server.directory.tables import resource
from scim_server.errors import Refused
from scim_server.inbound.groups.records import Kind
from scim_server.inbound.running import CLIENT
from scim_server.inbound.tables import (
    inbound_account,
    inbound_call,
    inbound_group,
    inbound_member,
    inbound_person,
)
from tests.inbound.pushed import FIRST, Pushed, grouped, pupils
from tests.school import DOMAIN, World


@pytest.fixture
def pushed(world: World) -> Iterator[Pushed]:
    with grouped(world) as made:
        yield made


def writes(pushed: Pushed) -> list[tuple[str, str]]:
    """The requests that would have changed a group."""
    calls = [each for each in pushed.double.calls if "/groups" in each.path]
    return [(each.method, each.path) for each in calls if each.method != "GET"]


# What is made


@pytest.mark.parametrize("kind", ["security", "microsoft365"])
def test_a_first_push_makes_every_group_and_the_next_one_fills_it(world: World, kind: Kind) -> None:
    """Red when a Microsoft 365 group isn't made private."""
    with grouped(world, kind) as pushed:
        outcome = pushed.push().groups
        assert outcome is not None
        assert (outcome.created, outcome.added, outcome.left, outcome.unknown) == (2, 0, 7, 7)
        forecast = pushed.told[0].groups
        assert forecast is not None
        assert (len(forecast.create), forecast.members.adding) == (2, 7)

        pushed.double.settle()
        outcome = pushed.push().groups
        assert outcome is not None
        assert (outcome.created, outcome.added, outcome.left) == (0, 7, 0)
        pushed.check_groups()
        properties = pushed.made("G-1").properties
        unified = kind == "microsoft365"
        assert properties["displayName"] == "Matematyka – 1A – 2026/27 – SP 12"
        assert properties["groupTypes"] == (["Unified"] if unified else [])
        assert (properties["mailEnabled"], properties["securityEnabled"]) == (unified, not unified)
        assert properties.get("visibility") == ("Private" if unified else None)
        assert properties["mailNickname"].isalnum()


def test_accounts_that_are_there_are_members_after_the_first_push(pushed: Pushed) -> None:
    for key in ("U-1", "P-1"):
        name = f"{key.lower()}@{DOMAIN}"
        pushed.double.seed_account(userPrincipalName=name, employeeId=key)
    pushed.push()
    assert pushed.members("G-1") == {"U-1", "P-1"}
    pushed.push_groups()
    pushed.check_groups()


def test_an_account_that_appears_late_is_waited_for_without_a_request_for_its_group(
    pushed: Pushed,
) -> None:
    pushed.push()
    pushed.double.simulator.tenant.delay = 86_400
    pushed.fill(pupils(*range(1, 10)), allow_deactivations=True)
    pushed.fill_groups({**FIRST, 1: [*FIRST[1], "U-9"]})
    pushed.double.settle()
    pushed.double.simulator.tenant.delay = 30
    outcome = pushed.push().groups
    assert outcome is not None
    assert (outcome.left, outcome.unknown) == (1, 1)
    before = writes(pushed)
    pushed.push()
    assert writes(pushed) == before
    pushed.world.clock.move(days=1)
    pushed.push()
    pushed.check_groups()
    assert "U-9" in pushed.members("G-1")


def test_a_large_group_is_filled_twenty_at_a_time_and_none_twice_in_a_batch(
    pushed: Pushed,
) -> None:
    """Red when ``lacking`` numbers memberships over all groups instead of within each."""
    keys = [f"U-{n}" for n in range(1, 106)]
    pushed.fill(pupils(*range(1, 106)), allow_deactivations=True)
    pushed.fill_groups({1: keys, 2: keys[:25], **{n: keys[n : n + 3] for n in range(3, 40)}})
    pushed.push_groups()
    pushed.check_groups()
    batches = [each for each in pushed.double.calls if each.path == "/v1.0/$batch"]
    for batch in batches:
        urls = [each["url"] for each in batch.body["requests"]]
        assert len(urls) == len(set(urls)) <= 20
    sizes = [
        len(each["body"]["members@odata.bind"])
        for batch in batches
        for each in batch.body["requests"]
        if "members@odata.bind" in each.get("body", {})
    ]
    assert sorted(sizes) == [*[3] * 37, 5, 5, *[20] * 6]


# What changes


def test_the_next_day_only_what_changed_is_asked_for(pushed: Pushed) -> None:
    """Red when ``selects.ended`` doesn't ask whether a membership is over."""
    pushed.push_groups()
    before = len(writes(pushed))
    pushed.push()
    assert len(writes(pushed)) == before

    pushed.fill_groups({1: ["U-1", "U-3", "U-7", "P-1"], 2: FIRST[2]})
    outcome = pushed.push(allow_deactivations=True).groups
    assert outcome is not None
    assert (outcome.added, outcome.removed) == (1, 1)
    u5 = pushed.double.accounts["U-5"]["id"]
    path = f"/v1.0/groups/{pushed.made('G-1').id}"
    assert writes(pushed)[before:] == [
        ("DELETE", f"{path}/members/{u5}/$ref"), ("PATCH", path),
    ]  # fmt: skip
    pushed.check_groups()


def test_a_group_that_is_named_anew_stays_the_same_group(pushed: Pushed) -> None:
    """Red when ``is_as_named`` is always true."""
    pushed.push_groups()
    own = pushed.made("G-1")
    pushed.fill_groups(FIRST, g1="Chemia")
    outcome = pushed.push().groups
    assert outcome is not None
    assert (outcome.created, outcome.renamed) == (0, 1)
    assert own.properties["displayName"].startswith("Chemia")
    assert pushed.made("G-1") is own
    pushed.check_groups()


def test_who_left_the_school_leaves_the_groups(pushed: Pushed) -> None:
    pushed.push_groups()
    pushed.fill(pupils(*range(2, 9)), allow_deactivations=True)
    pushed.fill_groups({1: ["U-3", "U-5", "P-1"], 2: FIRST[2]})
    pushed.push_groups(allow_deactivations=True)
    assert pushed.members("G-1") == {"U-3", "U-5", "P-1"}
    assert pushed.double.accounts["U-1"]["accountEnabled"] is False
    pushed.check_groups()


def test_a_closed_group_stays_and_is_emptied_and_none_is_made_of_one_closed_before(
    pushed: Pushed,
) -> None:
    pushed.push_groups()
    pushed.fill_groups({2: FIRST[2], 3: ["U-1"]}, allow_deactivations=True)
    pushed.fill_groups({2: FIRST[2]}, allow_deactivations=True)
    pushed.push_groups(allow_deactivations=True)
    assert pushed.members("G-1") == set()
    assert len(pushed.double.groups) == 2
    pushed.check_groups()

    pushed.fill_groups(FIRST)
    pushed.push_groups()
    assert pushed.members("G-1") == set(FIRST[1])
    pushed.check_groups()


# What isn't ours


def test_a_group_of_the_same_name_is_never_touched(pushed: Pushed) -> None:
    """Red when ``Making`` asks for a group by its name."""
    name = "Matematyka – 1A – 2026/27 – SP 12"
    named = {"displayName": name, "uniqueName": name}
    other = pushed.double.seed_group(**named, mailNickname="matematyka1a")
    pushed.push_groups()
    pushed.fill_groups({2: FIRST[2]}, allow_deactivations=True)
    pushed.push_groups(allow_deactivations=True)
    assert pushed.double.foreign_writes == []
    assert other.members == []
    pushed.check_groups()


def test_who_was_put_in_by_hand_stays_and_who_was_taken_out_stays_out(pushed: Pushed) -> None:
    teacher = pushed.double.seed_account(userPrincipalName=f"dyr@{DOMAIN}")["id"]
    pushed.push_groups()
    own, u7, u1 = pushed.made("G-1"), *[pushed.double.accounts[key]["id"] for key in ("U-7", "U-1")]
    own.members += [teacher, u7]
    own.members.remove(u1)
    pushed.fill_groups({1: ["U-1", "U-3", "P-1"], 2: FIRST[2]})
    pushed.push_groups(allow_deactivations=True)
    assert {teacher, u7} <= set(own.members)
    assert u1 not in own.members
    pushed.check_groups(by_hand=[(own.id, each) for each in (teacher, u7, u1)])

    pushed.fill_groups({2: FIRST[2]}, allow_deactivations=True)
    pushed.push_groups(allow_deactivations=True)
    assert set(own.members) == {teacher, u7}


def test_a_key_that_two_accounts_have_is_nobody_s(pushed: Pushed) -> None:
    """Red when ``_matched`` takes the first of several."""
    for number in range(2):
        name = f"double.{number}@{DOMAIN}"
        pushed.double.seed_account(userPrincipalName=name, employeeId="U-1")
    pushed.double.seed_account(userPrincipalName=f"small@{DOMAIN}", employeeId="u-3")
    outcome = pushed.push_groups().groups
    assert outcome is not None
    assert outcome.ambiguous == ("U-1",)
    assert len(pushed.made("G-1").members) == 3
    assert outcome.left == outcome.unknown == 1


def test_groups_of_a_database_from_a_backup_are_found_again(pushed: Pushed) -> None:
    """Red when a group is made without ``create-if-missing``."""
    pushed.push_groups()
    made = set(pushed.double.groups)
    with pushed.database.write() as connection:
        for table in (inbound_member, inbound_group, inbound_account):
            connection.execute(table.delete())
    outcome = pushed.push().groups
    assert outcome is not None
    assert (outcome.created, outcome.added) == (2, 7)
    assert set(pushed.double.groups) == made
    pushed.check_groups()


def test_a_group_that_an_administrator_deleted_is_told_and_made_again_when_asked(
    pushed: Pushed,
) -> None:
    """Red when ``Loss`` never notes that a group is lost."""
    pushed.push_groups()
    pushed.world.clock.move(hours=1)
    pushed.double.delete_group(pushed.made("G-1").id)
    pushed.fill_groups({1: [*FIRST[1], "U-7"], 2: [*FIRST[2], "U-6"]}, g1="Chemia")
    for news in (True, False):
        outcome = pushed.push().groups
        assert outcome is not None
        assert (outcome.gone, outcome.did_anything) == (("G-1",), news)
    assert pushed.members("G-2") == {*FIRST[2], "U-6"}
    assert len(pushed.double.groups) == 1

    outcome = pushed.push(retry_failed=True).groups
    assert outcome is not None
    assert (outcome.created, outcome.gone) == (1, ())
    pushed.check_groups()


def test_a_group_without_a_new_name_is_missed_when_somebody_is_put_into_it(
    pushed: Pushed,
) -> None:
    pushed.push_groups()
    pushed.world.clock.move(hours=1)
    pushed.double.delete_group(pushed.made("G-1").id)
    pushed.fill_groups({1: [*FIRST[1], "U-7"], 2: FIRST[2]})
    outcome = pushed.push().groups
    assert outcome is not None
    assert outcome.gone == ("G-1",)
    pushed.push(retry_failed=True)
    pushed.check_groups()


def test_an_account_that_was_deleted_keeps_nobody_else_out(pushed: Pushed) -> None:
    """Red when a group that wouldn't take one of several is left for later."""
    pushed.push_groups()
    pushed.world.clock.move(hours=1)
    pushed.double.delete_account("U-1")
    pushed.fill_groups({1: FIRST[1], 2: [*FIRST[2], "U-1", "U-6"]})
    outcome = pushed.push().groups
    assert outcome is not None
    assert pushed.members("G-2") == {*FIRST[2], "U-6"}
    pushed.push()

    name = f"u-1.again@{DOMAIN}"
    pushed.double.seed_account(userPrincipalName=name, employeeId="U-1")
    pushed.push()
    assert "U-1" in pushed.members("G-1") & pushed.members("G-2")


# Who decides


def test_what_isn_t_served_stays_as_it_is_and_is_no_departure(pushed: Pushed) -> None:
    """Red when ``selects.with_ends`` doesn't ask whether group and person are served."""
    pushed.fill_groups({**FIRST, 1: [*FIRST[1], "U-2"]})
    pushed.push_groups()
    pushed.world.decide("LO 3", False)
    before = len(writes(pushed))
    pushed.fill_groups({1: FIRST[1], 2: ["P-1"]}, allow_deactivations=True)
    pushed.push()
    assert len(writes(pushed)) == before
    assert pushed.members("G-1") == {*FIRST[1], "U-2"}
    assert pushed.members("G-2") == set(FIRST[2])
    pushed.check_groups()

    pushed.world.decide("LO 3", True)
    pushed.push(allow_deactivations=True)
    assert pushed.members("G-1") == set(FIRST[1])
    assert pushed.members("G-2") == {"P-1"}
    pushed.check_groups()


def test_groups_go_along_only_where_they_were_chosen_and_stay_when_they_no_longer_are(
    pushed: Pushed,
) -> None:
    pushed.configure(groups="none")
    assert pushed.push().groups is None
    assert pushed.double.groups == {}
    pushed.configure(groups="security")
    pushed.push_groups()
    pushed.configure(groups="none")
    before = len(writes(pushed))
    pushed.fill_groups({1: [], 2: FIRST[2]}, allow_deactivations=True)
    assert pushed.push().groups is None
    assert len(writes(pushed)) == before
    assert pushed.members("G-1") == set(FIRST[1])

    pushed.configure(groups="security")
    pushed.push(allow_deactivations=True)
    pushed.check_groups()


def test_a_mass_removal_is_refused_before_anybody_is_sent(pushed: Pushed) -> None:
    """Red when ``_prepare`` doesn't call ``planning.guard``."""
    pushed.push_groups()
    before = len(pushed.double.calls)
    pushed.fill(pupils(*range(1, 10)), allow_deactivations=True)
    pushed.fill_groups({2: FIRST[2]}, allow_deactivations=True)
    with pytest.raises(Refused, match=r"4 of 7 memberships of groups and 1 of 2 groups.* 10 %"):
        pushed.push()
    assert len(pushed.double.calls) == before
    pushed.push_groups(allow_deactivations=True)
    pushed.check_groups()


def test_a_tenant_s_calls_of_the_day_don_t_count_for_groups(pushed: Pushed) -> None:
    pushed.push()
    pushed.double.settle()
    with pushed.database.write() as connection:
        connection.exec_driver_sql("UPDATE inbound SET calls_a_day = 1")
    pushed.fill(pupils(*range(1, 9), u1="Ewa"), allow_deactivations=True)
    pushed.fill_groups({1: ["U-3", "U-5"], 2: FIRST[2]})
    outcome = pushed.push()
    assert (outcome.calls, outcome.left) == (0, 1)
    pushed.check_groups()
    with pushed.database.read() as connection:
        assert connection.execute(select(inbound_call.c.calls)).all() == [(1,)]


# The record


def test_what_was_given_is_recorded_in_figures_and_disclosed(pushed: Pushed) -> None:
    """Red when ``Making`` or ``Adding`` doesn't disclose."""
    pushed.push()
    pushed.world.clock.move(days=2)
    pushed.push()
    with pushed.database.read() as connection:
        recorded = entries(connection, unit="sp12", action="inbound.pushed")
        found = [each["facts"] for each in recorded]
        member = person_with_key(connection, pushed.world.unit.id, "U-1")
        beside = person_with_key(connection, pushed.world.unit.id, "U-7")
        of_key = resource.c.external_id == "G-1"
        group = connection.scalars(select(resource.c.seq).where(of_key)).one()
    none = {"groups_created": 0, "groups_renamed": 0, "members_added": 0, "members_removed": 0}
    assert sorted(found, key=lambda each: each["calls"]) == [
        {**none, "calls": 0, "members_added": 7, "refused": 0, "left": 0},
        {**none, "calls": 1, "new": 10, "groups_created": 2, "refused": 0, "left": 0},
    ]
    hours = {
        seq: [each.client_id for each in disclosed(pushed.database, pushed.world.unit.id, seq)]
        for seq in (member, beside, group)
    }
    assert hours == {member: [CLIENT] * 2, beside: [CLIENT], group: [CLIENT] * 2}


def test_what_is_kept_of_groups_holds_no_name(
    pushed: Pushed, caplog: pytest.LogCaptureFixture
) -> None:
    """Red when a table of the push keeps a group's name or a person's."""
    caplog.set_level(0)
    pushed.push_groups()
    kept = (inbound_account, inbound_group, inbound_member, inbound_person)
    with pushed.database.read() as connection:
        told = [repr(connection.execute(select(table)).all()) for table in kept]
        recorded = entries(connection, unit="sp12", action="inbound.pushed")
        told += [repr(each["facts"]) for each in recorded]
    for text in (*told, caplog.text):
        for name in ("Matematyka", "matematyka", "Nowak", "nowak", "uczen."):
            assert name not in text
