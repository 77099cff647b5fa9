"""What becomes of what was pushed: accounts created, changed, disabled, skipped, refused."""

from __future__ import annotations

from typing import Any

import pytest

from scim_server.inbound.simulator.uploads import ENTERPRISE
from tests.inbound.asking import push, user
from tests.inbound.double import Double, doubled
from tests.school import DOMAIN


def last(double: Double) -> tuple[str, str, str | None]:
    """Action, status and error code of the last entry of the log."""
    entry = double.log[-1]
    info = entry["provisioningStatusInfo"]
    error = info["errorInformation"]
    return entry["provisioningAction"], info["status"], error and error["errorCode"]


def settled(double: Double, data: dict[str, Any]) -> tuple[str, str, str | None]:
    push(double, data)
    double.settle()
    return last(double)


def test_an_account_appears_after_the_delay_and_not_before() -> None:
    with doubled(delay=30) as double:
        push(double, user(1))
        double.clock.move(seconds=29)
        assert not double.accounts
        double.clock.move(seconds=1)
        assert double.accounts.keys() == {"P-1"}


def test_a_new_user_becomes_an_account_by_the_default_mapping(double: Double) -> None:
    settled(
        double,
        user(
            1,
            name={"givenName": "Jan", "familyName": "Żółć"},
            emails=[{"value": "other@x.example", "type": "home"},
                    {"value": "jan@x.example", "type": "work"}],
            phoneNumbers=[{"value": "+48600100200", "type": "mobile"}],
            userType="Student",
            **{ENTERPRISE: {"department": "7a", "organization": "SP 12"}},
        ),
    )  # fmt: skip

    account = double.accounts["P-1"]
    assert {name: value for name, value in account.items() if name != "id"} == {
        "employeeId": "P-1", "accountEnabled": True, "userPrincipalName": f"person.1@{DOMAIN}",
        "displayName": "Person 1", "givenName": "Jan", "surname": "Żółć", "mail": "jan@x.example",
        "mobilePhone": "+48600100200", "employeeType": "Student", "department": "7a",
        "companyName": "SP 12",
    }  # fmt: skip


def test_a_known_external_id_changes_its_account(double: Double) -> None:
    assert settled(double, user(1)) == ("create", "success", None)
    before = double.accounts["P-1"]["id"]
    assert settled(double, user(1, displayName="Other")) == ("update", "success", None)
    assert double.accounts["P-1"]["displayName"] == "Other"
    assert double.accounts["P-1"]["id"] == before


def test_what_an_operation_leaves_out_stays(double: Double) -> None:
    settled(double, user(1, title="Teacher"))
    settled(double, user(1, displayName=None))
    assert double.accounts["P-1"]["jobTitle"] == "Teacher"
    assert double.accounts["P-1"]["displayName"] == "Person 1"


def test_null_clears_nothing(double: Double) -> None:
    settled(double, user(1, title="Teacher"))
    push(double, {**user(1), "title": None})
    double.settle()
    assert double.accounts["P-1"]["jobTitle"] == "Teacher"


def test_active_false_disables_and_true_enables(double: Double) -> None:
    settled(double, user(1))
    assert settled(double, user(1, active=False)) == ("disable", "success", None)
    assert double.accounts["P-1"]["accountEnabled"] is False
    assert settled(double, user(1)) == ("update", "success", None)
    assert double.accounts["P-1"]["accountEnabled"] is True


def test_an_operation_without_active_disables_the_account(double: Double) -> None:
    """Red when a missing ``active`` stays as it is, which is what everybody expects."""
    settled(double, user(1))
    assert settled(double, user(1, active=None)) == ("disable", "success", None)
    assert double.accounts["P-1"]["accountEnabled"] is False


def test_what_changes_nothing_is_skipped(double: Double) -> None:
    settled(double, user(1))
    assert settled(double, user(1)) == ("other", "skipped", None)
    steps = double.log[-1]["provisioningSteps"]
    assert "EntrySynchronizationSkip" in {each["name"] for each in steps}


def test_a_user_principal_name_that_is_taken_fails_in_the_log(double: Double) -> None:
    """Red when a second account gets the name, or the first one is changed."""
    settled(double, user(1))
    conflict = user(2, userName=f"PERSON.1@{DOMAIN}")
    assert settled(double, conflict) == (
        "create", "failure", "AzureActiveDirectoryDuplicateUserPrincipalName",
    )  # fmt: skip
    assert double.accounts.keys() == {"P-1"}


def test_an_account_that_was_there_before_keeps_its_name(double: Double) -> None:
    double.seed_account(userPrincipalName=f"person.1@{DOMAIN}", displayName="Somebody")
    assert settled(double, user(1))[2] == "AzureActiveDirectoryDuplicateUserPrincipalName"
    assert "P-1" not in double.accounts


def test_a_change_to_a_name_that_is_taken_changes_nothing(double: Double) -> None:
    settled(double, user(1))
    settled(double, user(2))
    changed = user(2, userName=f"person.1@{DOMAIN}", displayName="Other")
    assert settled(double, changed)[1] == "failure"
    assert double.accounts["P-2"]["displayName"] == "Person 2"


def test_a_name_that_was_given_up_is_free(double: Double) -> None:
    settled(double, user(1))
    settled(double, user(1, userName=f"new@{DOMAIN}"))
    assert settled(double, user(2, userName=f"person.1@{DOMAIN}"))[1] == "success"


@pytest.mark.parametrize(
    "name",
    ["a@unverified.example", "a", f"@{DOMAIN}", f"ż@{DOMAIN}", f"a b@{DOMAIN}", f"a.@{DOMAIN}"],
)
def test_a_user_principal_name_that_is_not_valid_fails_in_the_log(
    double: Double, name: str
) -> None:
    assert settled(double, user(1, userName=name)) == (
        "create", "failure", "AzureActiveDirectoryInvalidUserPrincipalName",
    )  # fmt: skip
    assert not double.accounts


def test_an_account_without_a_display_name_is_not_created(double: Double) -> None:
    assert settled(double, user(1, displayName=None))[1:] == ("failure", "MandatoryFieldsMissing")


def test_a_manager_is_found_by_external_id(double: Double) -> None:
    settled(double, user(1))
    settled(double, user(2, **{ENTERPRISE: {"manager": {"value": "P-1"}}}))
    assert double.accounts["P-2"]["manager"] == double.accounts["P-1"]["id"]
