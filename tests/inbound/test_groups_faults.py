"""Groups in the push, whatever goes wrong on the way: in the end Entra has the register's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from scim_server.audit import entries
from scim_server.errors import NotPushed, Refused
from scim_server.inbound.simulator.faults import CUT, EXPIRED, LOST
from scim_server.inbound.simulator.messages import bad_request
from scim_server.inbound.tables import inbound, inbound_member
from tests.inbound.pushed import FIRST, Pushed, grouped, pupils
from tests.school import DOMAIN, World

MANY = {n: ["U-1", "U-2", "U-3"] for n in range(1, 46)}


@pytest.fixture
def pushed(world: World) -> Iterator[Pushed]:
    with grouped(world) as made:
        yield made


# What passes


def test_of_a_batch_only_the_throttled_requests_are_sent_again(pushed: Pushed) -> None:
    """Red when ``deliver`` notes nothing of a batch that holds a 429."""
    pushed.fill_groups(MANY)
    pushed.double.fail_next(429, times=7, on="groups", retry_after=44)
    outcome = pushed.push_groups().groups
    assert outcome is not None
    assert 44 in pushed.slept
    pushed.check_groups()
    upserts = [
        each.status
        for each in pushed.double.calls
        if each.method == "PATCH" and "/groups(uniqueName" in each.path
    ]
    assert (upserts.count(429), upserts.count(201)) == (7, 45)
    assert len(upserts) == 52


@pytest.mark.parametrize(
    ("on", "what"),
    [
        *[("batch", what) for what in (429, 500, 502, 503, 504, CUT, LOST, EXPIRED)],
        *[("groups", what) for what in (429, 503, LOST, EXPIRED)],
        *[("users", what) for what in (429, LOST)],
    ],
)
def test_whatever_passes_is_asked_again(pushed: Pushed, what: int | str, on: str) -> None:
    pushed.fill_groups(MANY)
    for _ in range(2):
        pushed.double.fail_next(what, on=on, times=1 if what == EXPIRED else 3, retry_after=5)
        pushed.push()
        pushed.double.settle()
    pushed.push()
    pushed.check_groups()
    assert len(pushed.double.groups) == 45


def test_a_membership_that_ended_while_its_answer_was_lost_ends_in_entra(pushed: Pushed) -> None:
    """Red when ``selects.ended`` looks at accepted memberships alone."""
    pushed.push_groups()
    pushed.fill_groups({1: [*FIRST[1], "U-2"], 2: FIRST[2]})
    _lose_the_answer(pushed)
    assert "U-2" in pushed.members("G-1")
    pushed.fill_groups(FIRST)
    pushed.push(allow_deactivations=True)
    pushed.check_groups()


def test_a_membership_that_came_back_while_its_removal_s_answer_was_lost_is_there(
    pushed: Pushed,
) -> None:
    """Red when ``Removing`` keeps a membership accepted that it asks to end."""
    pushed.push_groups()
    pushed.fill_groups({1: ["U-3", "U-5", "P-1"], 2: FIRST[2]})
    _lose_the_answer(pushed)
    assert "U-1" not in pushed.members("G-1")
    pushed.fill_groups(FIRST)
    pushed.push()
    pushed.check_groups()


def _lose_the_answer(pushed: Pushed) -> None:
    """The next batch is done, and nobody hears of it; then the push ends."""
    pushed.double.fail_next(LOST, on="batch")
    pushed.double.fail_next(CUT, on="batch", times=7)
    with pytest.raises(NotPushed, match="Nothing is lost"):
        pushed.push(allow_deactivations=True)


def test_a_name_that_came_back_while_its_answer_was_lost_is_there(pushed: Pushed) -> None:
    """Red when ``made.offer`` keeps the digest of the name before."""
    pushed.push_groups()
    pushed.fill_groups(FIRST, g1="Chemia")
    _lose_the_answer(pushed)
    pushed.fill_groups(FIRST)
    outcome = pushed.push().groups
    assert outcome is not None
    assert outcome.renamed == 1
    pushed.check_groups()


def test_asked_to_wait_long_the_push_ends_and_tells_when_to_go_on(pushed: Pushed) -> None:
    pushed.push()
    pushed.double.settle()
    pushed.double.fail_next(429, times=2, on="groups", retry_after=1_800)
    before = pushed.world.clock()
    outcome = pushed.push().groups
    assert outcome is not None
    assert outcome.resume is not None
    assert (outcome.resume - before).total_seconds() == 1_800
    assert outcome.left == 7
    pushed.push()
    pushed.check_groups()


def test_told_to_stop_it_ends_after_the_batch_under_way(pushed: Pushed) -> None:
    pushed.fill_groups(MANY)

    def stop(number: int) -> None:
        pushed.stop = number == 2

    pushed.before_batch = stop
    outcome = pushed.push().groups
    assert outcome is not None
    assert (outcome.created, outcome.resume) == (40, pushed.world.clock())
    pushed.stop, pushed.before_batch = False, lambda _: None
    pushed.push_groups()
    pushed.check_groups()


# What a person has to mend


@pytest.mark.parametrize(
    "permissions", [("User.Read.All",), ("GroupMember.ReadWrite.All",), ("Group.Create",)]
)
def test_a_missing_permission_is_named_and_people_are_pushed(
    pushed: Pushed, permissions: tuple[str, ...]
) -> None:
    """Red when a 403 within a batch counts as a refusal of the group."""
    tenant = pushed.double.tenant
    before = tenant.permissions
    tenant.permissions = ("SynchronizationData-User.Upload", *permissions)
    with pytest.raises(NotPushed, match=r"Group\.ReadWrite\.All and User\.Read\.All"):
        pushed.push_groups()
    with pushed.database.read() as connection:
        (entry,) = entries(connection, unit="sp12", action="inbound.pushed")[:1]
        assert connection.scalar(select(inbound.c.holder)) is None
    assert entry["facts"]["new"] == 10
    tenant.permissions = before
    pushed.double.expire_tokens()
    pushed.push_groups()
    pushed.check_groups()


def test_a_group_that_entra_won_t_have_is_told_once_and_keeps_no_other_out(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when a group that was refused is offered again as it is."""
    groups = pushed.double.simulator.groups
    check = groups._check

    def strict(body: dict[str, Any]) -> None:
        check(body)
        if "1A" in body.get("displayName", ""):
            raise bad_request("Invalid value specified for property 'displayName'.")

    monkeypatch.setattr(groups, "_check", strict)
    outcome = pushed.push_groups().groups
    assert outcome is not None
    assert outcome.refused == ("G-1",)
    assert pushed.members("G-2") == set(FIRST[2])
    before = len(pushed.double.calls)
    pushed.push()
    assert len(pushed.double.calls) == before
    forecast = pushed.told[-1].groups
    assert forecast is not None
    assert forecast.is_empty
    monkeypatch.undo()
    pushed.push(retry_failed=True)
    pushed.check_groups()


def test_members_that_a_group_won_t_take_are_told_and_asked_again_when_told_to(
    pushed: Pushed,
) -> None:
    pushed.push()
    pushed.double.settle()
    pushed.world.clock.move(hours=1)
    own = pushed.made("G-1")
    own.properties["groupTypes"] = ["DynamicMembership"]
    outcome = pushed.push().groups
    assert outcome is not None
    assert (outcome.added, outcome.refused_members, outcome.left) == (3, 4, 0)
    before = len(pushed.double.calls)
    pushed.push()
    assert len(pushed.double.calls) == before
    own.properties["groupTypes"] = []
    pushed.push(retry_failed=True)
    pushed.check_groups()


def test_a_group_that_is_new_isn_t_taken_for_deleted(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Microsoft: for a short time one of its machines may not know it yet. Red when ``is_young``
    is always false.
    """
    for key in FIRST[1]:
        name = f"{key.lower()}@{DOMAIN}"
        pushed.double.seed_account(userPrincipalName=name, employeeId=key)
    groups = pushed.double.simulator.groups
    find = groups._find

    def not_everywhere(group_id: str | None, unique_name: str | None) -> Any:
        return None if group_id is not None else find(group_id, unique_name)

    monkeypatch.setattr(groups, "_find", not_everywhere)
    outcome = pushed.push().groups
    assert outcome is not None
    assert (outcome.created, outcome.gone) == (2, ())
    monkeypatch.undo()
    pushed.push_groups()
    pushed.check_groups()


def test_whom_somebody_took_out_already_is_out(pushed: Pushed) -> None:
    """Red when a 404 in answer to a removal isn't believed."""
    pushed.push_groups()
    pushed.world.clock.move(hours=1)
    own = pushed.made("G-1")
    own.members.remove(pushed.double.accounts["U-1"]["id"])
    pushed.fill_groups({1: ["U-3", "U-5", "P-1"], 2: FIRST[2]})
    for removed in (1, 0):
        outcome = pushed.push(allow_deactivations=True).groups
        assert outcome is not None
        assert (outcome.removed, outcome.refused_members) == (removed, 0)
    pushed.check_groups()


def test_of_a_group_that_is_new_nobody_counts_as_out_because_it_isn_t_known_everywhere(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when a 404 in answer to a removal is believed of a new group."""
    pushed.push_groups()
    pushed.fill_groups({1: ["U-3", "U-5", "P-1"], 2: FIRST[2]})
    with monkeypatch.context() as context:
        context.setattr(pushed.double.simulator.groups, "_find", lambda *_: None)
        pushed.push(allow_deactivations=True)
    pushed.push(allow_deactivations=True)
    assert pushed.members("G-1") == {"U-3", "U-5", "P-1"}
    pushed.check_groups()


# What must not be sent


def test_a_decision_withdrawn_in_the_middle_stops_groups_too(pushed: Pushed) -> None:
    """Red when ``offering`` doesn't check the consent."""
    pushed.fill_groups(MANY)
    pushed.push()
    pushed.double.settle()

    batches = pushed._batches

    def withdraw(number: int) -> None:
        if number == batches + 2:
            for school in ("SP 12", "LO 3"):
                pushed.world.decide(school, False)

    pushed.before_batch = withdraw
    with pytest.raises(Refused, match="No school of this unit publishes"):
        pushed.push()
    assert pushed._batches == batches + 2
    filled = [each for each in pushed.double.groups.values() if each.members]
    assert len(filled) == 20


def test_one_school_s_withdrawal_leaves_its_groups_out_from_the_next_batch_on(
    pushed: Pushed,
) -> None:
    """Red when ``selects.with_ends`` doesn't ask whether group and person are served."""
    pushed.fill_groups({n: [f"U-{2 - n % 2}"] for n in range(1, 101)})
    pushed.push()
    pushed.double.settle()
    batches = pushed._batches

    def withdraw(number: int) -> None:
        if number == batches + 2:
            pushed.world.decide("SP 12", False)

    pushed.before_batch = withdraw
    pushed.push()
    filled = [each for each in pushed.double.groups.values() if each.members]
    # Of the first batch half are the other school's; then half of all.
    assert len([each for each in filled if "SP 12" in each.properties["displayName"]]) == 10
    assert len([each for each in filled if "LO 3" in each.properties["displayName"]]) == 50
    pushed.check_groups()


def test_whoever_lost_the_lease_doesn_t_write_another_s_groups(pushed: Pushed) -> None:
    """Red when ``stepping`` doesn't renew the lease."""
    pushed.fill_groups(MANY)

    def take_over(number: int) -> None:
        if number == 2:
            pushed.world.clock.move(minutes=10)
            Pushed(pushed.world, pushed.double, network=pushed.network).push()

    pushed.before_batch = take_over
    with pytest.raises(Refused, match="took over"):
        pushed.push()
    pushed.before_batch = lambda _: None
    pushed.push_groups()
    pushed.check_groups()


def test_an_answer_that_names_no_object_is_no_address(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when an id from an answer is put into an address unseen."""
    pushed.push()
    pushed.double.settle()
    accounts = pushed.double.simulator.accounts
    mine = pushed.double.accounts["U-1"]
    monkeypatch.setitem(accounts._users[mine["id"]], "id", "../groups")
    pushed.push()
    with pushed.database.read() as connection:
        assert len(connection.execute(select(inbound_member)).all()) == 6


def test_people_who_left_before_are_put_nowhere(pushed: Pushed) -> None:
    pushed.fill(pupils(2, 3, 4, 5), allow_deactivations=True)
    pushed.fill_groups({1: ["U-3", "U-5"], 2: ["U-2"]})
    pushed.push_groups()
    assert pushed.members("G-1") == {"U-3", "U-5"}
    pushed.check_groups()
