"""What Entra made of the records, joined to people by their key, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from scim_server.directory.units import unit_named
from scim_server.errors import NotPushed
from scim_server.inbound.advice import advice
from scim_server.inbound.people import results
from scim_server.inbound.reporting import PersonStanding, Standing, person_standing, standing
from scim_server.inbound.results import entry_of
from scim_server.inbound.tables import inbound_person
from tests.inbound.double import doubled
from tests.inbound.pushed import HEADER, Pushed, pupils
from tests.school import World

DUPLICATE = "AzureActiveDirectoryDuplicateUserPrincipalName"


@pytest.fixture
def pushed(world: World) -> Iterator[Pushed]:
    with doubled(world.clock) as double:
        made = Pushed(world, double)
        made.configure()
        yield made
        made.close()


def of_person(pushed: Pushed, key: str) -> PersonStanding:
    with pushed.database.read() as connection:
        return person_standing(connection, unit_named(connection, "sp12"), key)


def of_unit(pushed: Pushed) -> Standing:
    with pushed.database.read() as connection:
        return standing(connection, unit_named(connection, "sp12"), pushed.world.clock())


def test_accepted_becomes_created_then_updated(pushed: Pushed) -> None:
    pushed.fill(pupils(1, 2, 3), allow_deactivations=True)
    pushed.push()
    with pushed.database.read() as connection:
        assert results(connection, pushed.world.unit.id) == {("accepted", None): 5}
    assert pushed.read_log() == {}
    pushed.double.settle()
    assert pushed.read_log() == {"created": 5}
    pushed.fill(pupils(1, 2, 3, u2="Ewa"))
    pushed.push()
    pushed.double.settle()
    pushed.read_log()
    with pushed.database.read() as connection:
        assert results(connection, pushed.world.unit.id) == {
            ("created", None): 4,
            ("updated", None): 1,
        }


def test_an_entry_that_appears_after_a_later_reading_is_read_all_the_same(pushed: Pushed) -> None:
    """Red when the log is read from the last reading on, and not from half an hour before."""
    tenant = pushed.double.tenant
    pushed.push()
    pushed.world.clock.move(seconds=tenant.delay + 120)
    pushed.double.simulator.work()
    assert pushed.read_log() == {}
    pushed.world.clock.move(seconds=tenant.log_delay)
    assert pushed.read_log() == {"created": 7}


def test_a_login_that_another_account_has_is_told_with_what_to_do(pushed: Pushed) -> None:
    """Red when ``entry_of`` takes a failure for a success, or ``tell`` joins by another key."""
    pushed.double.simulator.accounts.add(
        {"userPrincipalName": "uczen.1@sp12.example.pl", "displayName": "Somebody else"}
    )
    pushed.fill(pupils(1, 2), allow_deactivations=True)
    pushed.push()
    pushed.double.settle()
    assert pushed.read_log() == {"created": 3, "failed": 1}
    found = of_person(pushed, "U-1")
    assert found.given is not None
    assert (found.given.result, found.given.code) == ("failed", DUPLICATE)
    assert "Another account has this login" in advice(DUPLICATE)
    assert of_unit(pushed).results[("failed", DUPLICATE)] == 1
    assert pushed.push().calls == 0
    pushed.double.simulator.accounts.get("uczen.1@sp12.example.pl")["userPrincipalName"] = "x@y"  # type: ignore[index]
    del pushed.double.simulator.accounts._by_name["uczen.1@sp12.example.pl"]
    assert pushed.push(retry_failed=True).taken == {"changed": 1}
    pushed.double.settle()
    pushed.read_log()
    assert of_person(pushed, "U-1").given.result == "created"  # type: ignore[union-attr]


# Logins that change hands


def with_logins(*logins: str) -> str:
    """A file of pupils with these logins, U-1 first."""
    rows = [f"U-{n};Anna;Nowak;{login};;;SP 12" for n, login in enumerate(logins, 1)]
    return "\n".join([HEADER, *rows, ""])


def push_and_read(pushed: Pushed, **choices: bool) -> int:
    """How many records were sent and what became of them read."""
    outcome = pushed.push(**choices)
    pushed.double.settle()
    pushed.read_log()
    return sum(outcome.taken.values())


def names(pushed: Pushed, *keys: str) -> list[str]:
    return [pushed.double.accounts[key]["userPrincipalName"].partition("@")[0] for key in keys]


def test_a_login_that_changes_hands_heals_by_itself(pushed: Pushed) -> None:
    """Red when ``read_log`` doesn't call ``free_login``."""
    pushed.fill(with_logins("anna", "Ewa"), allow_deactivations=True)
    push_and_read(pushed)
    pushed.fill(with_logins("Ewa", "ewa.maria"))
    assert push_and_read(pushed) == 2
    assert names(pushed, "U-1", "U-2") == ["anna", "ewa.maria"]
    assert not of_person(pushed, "U-1").is_current
    assert push_and_read(pushed) == 1
    assert names(pushed, "U-1", "U-2") == ["Ewa", "ewa.maria"]
    assert push_and_read(pushed) == 0
    assert of_unit(pushed).results == {("created", None): 2, ("updated", None): 2}


def test_a_newcomer_gets_the_login_that_another_gave_up(pushed: Pushed) -> None:
    pushed.fill(with_logins("anna", "ewa"), allow_deactivations=True)
    push_and_read(pushed)
    pushed.fill(with_logins("anna", "ewa.maria", "ewa"))
    assert push_and_read(pushed) == 2  # newcomers first, and so this one fails
    assert "U-3" not in pushed.double.accounts
    assert push_and_read(pushed) == 1
    assert names(pushed, "U-2", "U-3") == ["ewa.maria", "ewa"]


def test_a_login_that_changed_hands_on_an_earlier_page_of_the_log_heals(pushed: Pushed) -> None:
    """Red when ``read_log`` calls ``free_login`` page by page."""
    others = [f"uczen.{n}" for n in range(199)]
    pushed.fill(with_logins("anna", "ewa", *others), allow_deactivations=True)
    push_and_read(pushed)
    pushed.world.clock.move(hours=1)
    push_and_read(pushed)
    pushed.world.clock.move(hours=1)
    pushed.fill(with_logins("ewa", "ewa.maria", *[f"{each}.x" for each in others]))
    assert push_and_read(pushed) == 201
    assert push_and_read(pushed) == 1
    assert names(pushed, "U-1", "U-2") == ["ewa", "ewa.maria"]


def test_what_fails_for_a_login_again_is_not_sent_a_third_time(pushed: Pushed) -> None:
    """Red when ``free_login`` doesn't compare the times."""
    pushed.fill(with_logins("anna", "ewa"), allow_deactivations=True)
    push_and_read(pushed)
    pushed.fill(with_logins("ewa", "ewa.maria"))
    push_and_read(pushed)
    pushed.double.seed_account(userPrincipalName="ewa@sp12.example.pl", displayName="Other")
    assert push_and_read(pushed) == 1
    pushed.read_log()  # the half hour before is read again, and so is who gave the login up
    assert [push_and_read(pushed) for _ in range(3)] == [0, 0, 0]
    assert of_unit(pushed).results[("failed", DUPLICATE)] == 1


def test_another_failure_is_not_healed_by_a_login_that_changed_hands(pushed: Pushed) -> None:
    """Red when ``free_login`` doesn't ask for the code."""
    pushed.fill(with_logins("anna", "ewa"), allow_deactivations=True)
    push_and_read(pushed)
    pushed.double.tenant.domains = ()
    pushed.fill(with_logins("ewa", "ewa.maria"))
    push_and_read(pushed)
    pushed.double.tenant.domains = ("sp12.example.pl",)
    pushed.fill(with_logins("ewa", "ewa.zofia"))
    push_and_read(pushed)
    assert push_and_read(pushed) == 0


def test_two_who_exchange_their_logins_need_a_third_one(pushed: Pushed) -> None:
    """Entra works on one record after the other, and each login is still the other's."""
    pushed.fill(with_logins("anna", "ewa"), allow_deactivations=True)
    push_and_read(pushed)
    pushed.fill(with_logins("ewa", "anna"))
    assert push_and_read(pushed) == 2
    assert [push_and_read(pushed) for _ in range(2)] == [0, 0]
    assert push_and_read(pushed, retry_failed=True) == 2
    assert of_unit(pushed).results[("failed", DUPLICATE)] == 2

    pushed.double.rename_account("U-2", "somebody@sp12.example.pl")
    assert push_and_read(pushed, retry_failed=True) == 2
    assert names(pushed, "U-1", "U-2") == ["ewa", "anna"]


def test_a_third_login_in_the_register_lets_two_exchange_theirs(pushed: Pushed) -> None:
    pushed.fill(with_logins("anna", "ewa"), allow_deactivations=True)
    push_and_read(pushed)
    pushed.fill(with_logins("anna", "ewa.zofia"))
    push_and_read(pushed)
    pushed.fill(with_logins("ewa", "anna"))
    assert [push_and_read(pushed) for _ in range(2)] == [2, 0]
    assert names(pushed, "U-1", "U-2") == ["ewa", "anna"]


def test_a_log_of_many_pages_is_read_to_its_end_and_once(pushed: Pushed) -> None:
    """Red when ``read_log`` stops after the first page, or forgets when it last read."""
    pushed.fill(pupils(*range(1, 500)), allow_deactivations=True)
    pushed.push()
    pushed.double.settle()
    assert pushed.read_log() == {"created": 501}
    pushed.world.clock.move(hours=1)
    pushed.read_log()
    pushed.world.clock.move(hours=1)
    pushed.fill(pupils(*range(1, 501)))
    pushed.push()
    pushed.double.settle()
    assert pushed.read_log() == {"created": 1}


def test_a_reading_that_was_cut_off_is_taken_up_again(pushed: Pushed) -> None:
    pushed.push()
    pushed.double.settle()
    pushed.double.fail_next(503, on="log")
    with pytest.raises(NotPushed, match="can't be read now"):
        pushed.read_log()
    assert pushed.read_log() == {"created": 7}


def test_no_name_is_kept_of_an_entry(pushed: Pushed) -> None:
    """Red when ``tell`` stores what the entry holds beside status, code and time."""
    pushed.push()
    pushed.double.settle()
    pushed.read_log()
    with pushed.database.read() as connection:
        rows = connection.execute(select(inbound_person)).all()
    text = repr(rows)
    for each in pushed.records().values():
        assert each["name"]["familyName"] not in text
        assert each["userName"] not in text


@pytest.mark.parametrize(
    "value",
    [
        None, [], {}, {"sourceIdentity": {"id": "U-1"}},
        {"activityDateTime": "2026-11-24T12:00:00Z", "sourceIdentity": {"id": 3},
         "provisioningStatusInfo": {"status": "success"}},
        {"activityDateTime": "yesterday", "sourceIdentity": {"id": "U-1"},
         "provisioningStatusInfo": {"status": "success"}},
        {"activityDateTime": "2026-11-24T12:00:00Z", "sourceIdentity": {"id": "U-1"},
         "provisioningStatusInfo": {"status": "unheard of"}},
    ],
)  # fmt: skip
def test_what_can_t_be_read_is_passed_over(value: Any) -> None:
    assert entry_of(value) is None


def test_graph_s_seven_digits_of_a_second_are_read() -> None:
    found = entry_of(
        {
            "activityDateTime": "2026-11-24T12:00:00.1234567Z",
            "sourceIdentity": {"id": "U-1"},
            "provisioningStatusInfo": {
                "status": "failure", "errorInformation": {"errorCode": "Anna Nowak\n"},
            },
        }
    )  # fmt: skip
    assert found is not None
    assert (found.at.second, found.result, found.code) == (0, "failed", "Unknown")


def test_a_person_s_standing_is_told_by_key(pushed: Pushed) -> None:
    pushed.fill(pupils(1, 2), allow_deactivations=True)
    waiting = of_person(pushed, "U-1")
    assert (waiting.is_served, waiting.is_current, waiting.given) == (True, False, None)
    pushed.push()
    assert of_person(pushed, "U-1").is_current
    left = of_person(pushed, "U-5")
    assert (left.is_active, left.given) == (False, None)
    pushed.world.decide("SP 12", False)
    gone = of_person(pushed, "U-1")
    assert not gone.is_served
    assert gone.given is not None
    assert gone.given.active


def test_the_unit_s_standing_tells_what_waits_and_when_it_ends(pushed: Pushed) -> None:
    pushed.fill(pupils(*range(1, 121)), allow_deactivations=True)
    found = of_unit(pushed)
    assert (found.waiting["new"], found.calls, found.calls_left) == (122, 3, 2_000)
    assert found.end == pushed.world.clock()
    pushed.push()
    assert of_unit(pushed).plan.unchanged == 122
