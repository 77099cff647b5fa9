"""The push: everybody once, then what changed, whatever goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from scim_server.audit import entries
from scim_server.audit.disclosures import disclosed
from scim_server.directory.resources import person_with_key
from scim_server.errors import NotPushed, Refused
from scim_server.inbound.records import CORE, ENTERPRISE
from scim_server.inbound.running import CLIENT
from scim_server.inbound.simulator.faults import CUT, EXPIRED, LOST
from scim_server.inbound.simulator.messages import GraphError
from scim_server.inbound.tables import inbound
from tests.inbound.double import doubled
from tests.inbound.pushed import Pushed, pupils
from tests.school import World


@pytest.fixture
def pushed(world: World) -> Iterator[Pushed]:
    with doubled(world.clock) as double:
        made = Pushed(world, double)
        made.configure()
        yield made
        made.close()


def test_a_first_push_gives_everybody_once_as_a_full_record(pushed: Pushed) -> None:
    pushed.fill(pupils(*range(1, 331)), allow_deactivations=True)
    outcome = pushed.push()

    assert outcome.taken == {"new": 332}
    assert outcome.calls == len(pushed.double.uploads) == 7
    assert (pushed.told[0].calls, pushed.told[0].counts["new"]) == (7, 332)
    sent = [each["data"] for call in pushed.double.uploads for each in call.body["Operations"]]
    assert len({each["externalId"] for each in sent}) == len(sent) == 332
    for each in sent:
        assert each["schemas"] == [CORE, ENTERPRISE]
        assert each["active"] is True
        assert set(each) == {
            "schemas", "externalId", "userName", "name", "displayName", "emails", "userType",
            "preferredLanguage", "active", ENTERPRISE,
        }  # fmt: skip
        assert set(each[ENTERPRISE]) == {"employeeNumber", "organization"}
    pushed.check_accounts()


def test_leavers_known_to_nobody_are_not_made_known(pushed: Pushed) -> None:
    """Red when ``plan`` counts an inactive person who was never given as new."""
    pushed.fill(pupils(1, 3), allow_deactivations=True)
    pushed.push()
    assert pushed.told[0].counts == {"leavers": 0, "new": 4, "changed": 0}
    assert set(pushed.double.accounts) <= {"U-1", "U-3", "P-1", "P-2"}
    sent = [each["data"] for call in pushed.double.uploads for each in call.body["Operations"]]
    assert {each["externalId"] for each in sent} == {"U-1", "U-3", "P-1", "P-2"}


def test_the_next_day_only_what_changed_is_sent_leavers_first(pushed: Pushed) -> None:
    """Red when ``ORDER`` begins with the changed ones."""
    pushed.fill(pupils(*range(1, 81)), allow_deactivations=True)
    pushed.push()
    assert pushed.push().calls == 0

    pushed.world.clock.move(days=1)
    pushed.fill(pupils(*range(3, 91), u7="Ewa"))
    outcome = pushed.push()
    assert outcome.taken == {"leavers": 2, "new": 10, "changed": 1}
    (call,) = pushed.double.uploads[2:]
    operations = [each["data"] for each in call.body["Operations"]]
    assert [each["externalId"] for each in operations[:2]] == ["U-1", "U-2"]
    assert operations[-1]["externalId"] == "U-7"
    assert [each["active"] for each in operations] == [False, False, *[True] * 11]
    pushed.check_accounts()


def test_what_pupils_gave_goes_along_where_it_was_chosen(pushed: Pushed) -> None:
    """Red when ``record_of`` leaves out ``if phones`` or ``if emails``."""
    pushed.push()
    plain = _sent(pushed)["U-1"]
    assert "phoneNumbers" not in plain
    assert [each["type"] for each in plain["emails"]] == ["work"]
    pushed.configure(phones=True, emails=True)
    outcome = pushed.push()
    assert outcome.taken == {"changed": 3}
    chosen = _sent(pushed)["U-1"]
    assert chosen["phoneNumbers"] == [{"value": "+48600100201", "type": "mobile"}]
    assert chosen["emails"][0] == {"value": chosen["userName"], "type": "work", "primary": True}
    assert [each["type"] for each in chosen["emails"][1:]] == ["home"]
    assert "phoneNumbers" not in _sent(pushed)["P-1"]


def _sent(pushed: Pushed) -> dict[str, dict[str, Any]]:
    """The last record of each."""
    calls = [each for each in pushed.double.uploads if each.status == 202]
    found = [one["data"] for each in calls for one in each.body["Operations"]]
    return {each["externalId"]: each for each in found}


# What goes wrong on the way


def test_a_throttled_push_waits_as_long_as_it_is_told(pushed: Pushed) -> None:
    """Red when ``send`` waits for ``pause`` alone."""
    pushed.double.fail_next(429, retry_after=77)
    assert pushed.push().taken == {"new": 7}
    assert 77 in pushed.slept


@pytest.mark.parametrize("what", [500, 502, 503, 504, CUT, LOST, EXPIRED])
def test_whatever_passes_is_tried_again(pushed: Pushed, what: int | str) -> None:
    pushed.double.fail_next(what, times=3 if what not in (EXPIRED,) else 1)
    outcome = pushed.push()
    assert outcome.taken == {"new": 7}
    assert outcome.calls == len(pushed.double.uploads) >= 2
    pushed.check_accounts()


def test_a_token_endpoint_that_fails_costs_no_call(pushed: Pushed) -> None:
    """Red when ``_offer`` comes before ``sign_in``."""
    pushed.double.fail_next(503, times=2, on="token")
    outcome = pushed.push()
    assert (outcome.taken, outcome.calls) == ({"new": 7}, 1)


def test_waits_grow_and_are_not_the_same_for_everybody(pushed: Pushed) -> None:
    pushed.double.fail_next(CUT, times=5)
    pushed.push()
    assert [0.5 * 2**n <= wait <= 2**n for n, wait in enumerate(pushed.slept)] == [True] * 5
    assert len({wait / 2**n for n, wait in enumerate(pushed.slept)}) == 5


def test_what_never_passes_ends_with_a_sentence_and_loses_nothing(pushed: Pushed) -> None:
    pushed.double.fail_next(503, times=8, retry_after=1)
    with pytest.raises(NotPushed, match="Nothing is lost"):
        pushed.push()
    assert pushed.push().taken == {"new": 7}


def test_a_change_undone_while_its_answer_was_lost_is_sent_again(pushed: Pushed) -> None:
    """Red when ``offer`` keeps the digest of the record before."""
    pushed.fill(pupils(1, 2, 3), allow_deactivations=True)
    pushed.push()
    pushed.fill(pupils(1, 2, 3, u2="Ewa"))
    pushed.double.fail_next(LOST)
    pushed.double.fail_next(CUT, times=7)
    with pytest.raises(NotPushed):
        pushed.push()
    pushed.fill(pupils(1, 2, 3))
    assert pushed.push().taken == {"changed": 1}
    pushed.check_accounts()


def test_who_left_while_the_first_answer_was_lost_is_disabled(pushed: Pushed) -> None:
    """Red when ``offer`` isn't called before the request leaves."""
    pushed.double.fail_next(LOST)
    pushed.double.fail_next(CUT, times=7)
    with pytest.raises(NotPushed):
        pushed.push()
    pushed.fill(pupils(1), allow_deactivations=True)
    pushed.push(allow_deactivations=True)
    pushed.check_accounts()
    assert pushed.double.accounts["U-2"]["accountEnabled"] is False


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"service_principal": "11111111-1111-4111-8111-111111111111"}, "object id"),
        ({"client_id": "11111111-1111-4111-8111-111111111111"}, "AADSTS700016"),
    ],
)
def test_what_a_person_has_to_mend_stops_the_push_at_once(
    pushed: Pushed, change: dict[str, str], sentence: str
) -> None:
    pushed.configure(**change)
    with pytest.raises(NotPushed, match=sentence):
        pushed.push()
    assert pushed.slept == []


def test_a_missing_permission_names_the_permission(pushed: Pushed) -> None:
    pushed.double.tenant.permissions = ()
    with pytest.raises(NotPushed, match=r"SynchronizationData-User\.Upload"):
        pushed.push()


# Limits


def test_a_day_s_calls_are_counted_over_restarts_and_the_rest_goes_the_next_day(
    pushed: Pushed,
) -> None:
    """Red when ``_offer`` doesn't ask for ``budget.left``, or ``budget_of`` counts this process's
    calls alone.
    """
    pushed.double.simulator.day.limit = 3
    _allow(pushed, 3)
    pushed.fill(pupils(*range(1, 231)), allow_deactivations=True)
    before = pushed.world.clock()
    outcome = pushed.push()
    assert (pushed.told[0].calls, pushed.told[0].calls_left) == (5, 3)
    assert timedelta(hours=24) < pushed.told[0].end - before < timedelta(hours=24, minutes=1)
    assert (outcome.taken, outcome.left) == ({"new": 150}, 82)
    assert outcome.resume is not None

    pushed.world.clock.move(hours=23)
    assert pushed.push().calls == 0
    pushed.world.clock.now = outcome.resume
    assert pushed.push().taken == {"new": 82}
    assert [each.status for each in pushed.double.uploads] == [202] * 5
    pushed.check_accounts()


def test_leavers_come_first_when_calls_are_few(pushed: Pushed) -> None:
    pushed.fill(pupils(*range(1, 101)), allow_deactivations=True)
    pushed.push()
    pushed.world.clock.move(days=2)
    _allow(pushed, 1)
    pushed.fill(pupils(*range(6, 100), name="Ewa"))
    outcome = pushed.push()
    assert outcome.taken == {"leavers": 6, "changed": 44}
    assert outcome.left == 50


def _allow(pushed: Pushed, calls: int) -> None:
    with pushed.database.write() as connection:
        connection.execute(inbound.update().values(calls_a_day=calls))


def test_never_more_than_forty_calls_in_five_seconds(pushed: Pushed) -> None:
    """Red when ``Budget.pause`` is always 0: the double answers 429."""
    pushed.fill(pupils(*range(1, 2_101)), allow_deactivations=True)
    pushed.push()
    assert {each.status for each in pushed.double.uploads} == {202}
    assert len(pushed.double.uploads) == 43
    assert pushed.slept


# What must not be sent


def test_a_decision_withdrawn_in_the_middle_stops_the_push(pushed: Pushed) -> None:
    """Red when ``check_consent`` isn't called in ``_offer``."""
    pushed.fill(pupils(*range(1, 201)), allow_deactivations=True)
    calls: list[int] = []

    def withdraw(number: int) -> None:
        calls.append(number)
        if number == 2:
            for school in ("SP 12", "LO 3"):
                pushed.world.decide(school, False)

    pushed.before_call = withdraw
    with pytest.raises(Refused, match="No school of this unit publishes"):
        pushed.push()
    assert calls == [1, 2]
    with pushed.database.read() as connection:
        (entry,) = entries(connection, unit="sp12", action="inbound.refused")
    assert entry["facts"] == {"sent": 100, "left": 102}


def test_one_school_s_withdrawal_takes_its_people_out_and_tells_nobody_that_they_left(
    pushed: Pushed,
) -> None:
    """Red when ``_served`` reads people who aren't served."""
    pushed.fill(pupils(*range(1, 201)), allow_deactivations=True)

    def withdraw(number: int) -> None:
        if number == 2:
            pushed.world.decide("SP 12", False)

    pushed.before_call = withdraw
    pushed.push()
    sent = [each["data"] for call in pushed.double.uploads[2:] for each in call.body["Operations"]]
    assert sent
    assert {each[ENTERPRISE]["organization"] for each in sent} == {"LO 3"}
    assert all(each["active"] for each in sent)
    pushed.push(allow_deactivations=True)
    assert all(each["accountEnabled"] for each in pushed.double.accounts.values())


def test_everybody_is_sent_once_more_over_as_many_pushes_as_it_takes(pushed: Pushed) -> None:
    """Red when ``doubt`` isn't called, or a later push calls it again."""
    pushed.fill(pupils(*range(1, 61)), allow_deactivations=True)
    pushed.push()
    pushed.double.settle()
    before = len(pushed.double.uploads)
    pushed.before_call = lambda _: setattr(pushed, "stop", True)
    assert pushed.push(everybody=True).calls == 1
    pushed.before_call, pushed.stop = lambda _: None, False
    assert pushed.push().calls == 1
    assert pushed.push().calls == 0
    sent = [each for call in pushed.double.uploads[before:] for each in call.body["Operations"]]
    assert sorted(each["data"]["externalId"] for each in sent) == sorted(pushed.records())
    pushed.check_accounts()


def test_a_mass_departure_is_refused_before_anything_is_sent(pushed: Pushed) -> None:
    """Red when ``_prepare`` doesn't call ``guard``."""
    pushed.fill(pupils(*range(1, 41)), allow_deactivations=True)
    pushed.push()
    pushed.fill(pupils(*range(6, 41)), allow_deactivations=True)
    with pytest.raises(Refused, match=r"5 of 40 pupils; the limit is 10 %"):
        pushed.push()
    assert len(pushed.double.uploads) == 1
    assert pushed.push(allow_deactivations=True).taken == {"leavers": 5}
    pushed.check_accounts()


def test_a_second_push_at_the_same_time_is_refused(pushed: Pushed) -> None:
    """Red when ``Lease.take`` doesn't ask whether the lease is free, or ``release`` gives back
    the lease of another.
    """
    refusals: list[str] = []

    def intrude(_: int) -> None:
        for _ in range(2):
            with pytest.raises(Refused) as refusal:
                Pushed(pushed.world, pushed.double, network=pushed.network).push()
            refusals.append(str(refusal.value))

    pushed.before_call = intrude
    assert pushed.push().taken == {"new": 7}
    assert len(refusals) == 2
    assert all("Another push of this unit is running" in each for each in refusals)
    pushed.before_call = lambda _: None
    assert pushed.push().calls == 0


def test_a_push_refused_because_of_another_is_recorded_like_any_refusal(pushed: Pushed) -> None:
    """Red when ``run`` takes the lease before its ``try``."""

    def intrude(_: int) -> None:
        with pytest.raises(Refused, match="Another push"):
            Pushed(pushed.world, pushed.double, network=pushed.network).push()

    pushed.before_call = intrude
    pushed.push()
    with pushed.database.read() as connection:
        (entry,) = entries(connection, unit="sp12", action="inbound.refused")
    assert (entry["actor"], entry["facts"]) == ("os:test", {"sent": 0, "left": 0})


def test_a_lease_that_ended_is_nobody_s(pushed: Pushed) -> None:
    """A process that was killed keeps others out for minutes; one that slept on stops."""

    def take_over(_: int) -> None:
        pushed.before_call = lambda _: None
        pushed.world.clock.move(minutes=10)
        other = Pushed(pushed.world, pushed.double, network=pushed.network)
        assert other.push().taken == {"new": 7}

    pushed.before_call = take_over
    with pytest.raises(Refused, match="took over"):
        # The other gave its lease back: whoever lost theirs doesn't get it again by renewing.
        pushed.push()


# Refused records


def test_one_refused_record_is_found_and_the_others_go_on(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when a refused request isn't sent in halves."""
    pushed.fill(pupils(*range(1, 101)), allow_deactivations=True)
    _refuse(pushed, {"U-33"}, monkeypatch)
    outcome = pushed.push()
    assert outcome.refused == ["U-33"]
    assert outcome.taken == {"new": 101}
    assert outcome.calls < 20

    again = pushed.push()
    assert (again.calls, again.withheld) == (0, 1)
    monkeypatch.undo()
    assert pushed.push(retry_failed=True).taken == {"new": 1}
    pushed.check_accounts()


def test_when_every_record_is_refused_the_push_stops_soon(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``_stop_if_hopeless`` never raises."""
    pushed.fill(pupils(*range(1, 101)), allow_deactivations=True)
    _refuse(pushed, {f"U-{n}" for n in range(1, 101)} | {"P-1", "P-2"}, monkeypatch)
    with pytest.raises(NotPushed, match="refuses every record"):
        pushed.push()
    assert len(pushed.double.uploads) < 20


def _refuse(pushed: Pushed, keys: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the double take no request that holds one of these."""
    accounts = pushed.double.simulator.accounts
    accept = accounts.accept

    def strict(operations: list[dict[str, Any]], now: datetime) -> None:
        if keys & {each["externalId"] for each in operations}:
            raise GraphError(400, "BadRequest", "Invalid Data Format.")
        accept(operations, now)

    monkeypatch.setattr(accounts, "accept", strict)


# The record


def test_what_was_pushed_is_recorded_in_figures_and_as_given(pushed: Pushed) -> None:
    """Red when ``_offer`` doesn't note the disclosure."""
    pushed.push()
    with pushed.database.read() as connection:
        (entry,) = entries(connection, unit="sp12", action="inbound.pushed")
        seq = person_with_key(connection, pushed.world.unit.id, "U-1")
        assert connection.scalar(select(inbound.c.holder)) is None
    assert entry["facts"] == {"calls": 1, "new": 7, "refused": 0, "left": 0}
    given = list(disclosed(pushed.database, pushed.world.unit.id, seq))
    assert [each.client_id for each in given] == [CLIENT]
