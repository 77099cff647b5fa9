"""What is sent and what can't be, worked out without a network."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim_server.inbound.budget import Budget, needed
from scim_server.inbound.people import Given, Person
from scim_server.inbound.plan import ORDER, plan
from scim_server.inbound.records import digest_of, record_of
from scim_server.inbound.waiting import TRIES, back_off

DOMAIN = "sp12.example.pl"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def person(
    number: int, login: str = "", *, active: bool = True, given: Given | None = None
) -> Person:
    document = {
        "externalId": f"U-{number}", "userName": login or f"uczen.{number}@{DOMAIN}",
        "name": {"formatted": "Anna Nowak", "familyName": "Nowak", "givenName": "Anna"},
        "displayName": "Anna Nowak", "userType": "Student", "active": active,
    }  # fmt: skip
    record = record_of(document, "SP 12", phones=True, emails=True)
    return Person(number, 1, record, digest_of(record), given)


def given_before(digest: str | None, *, active: bool = True) -> Given:
    return Given(active, digest, None, "accepted", None, None, "x", "x")


@pytest.mark.parametrize(
    ("login", "rule"),
    [
        ("anna@other.example.pl", "not of the unit's domain"),
        ("anna", "not of the unit's domain"),
        (f"żaneta@{DOMAIN}", "diacritic"),
        (f"a b@{DOMAIN}", "may hold only"),
        (f"anna.@{DOMAIN}", "begin or end with a dot"),
        (f"{'a' * 65}@{DOMAIN}", "longer than 64"),
        (f"@{DOMAIN}", "nothing before the @"),
    ],
)
def test_a_login_that_entra_would_refuse_is_told_by_key_and_not_sent(login: str, rule: str) -> None:
    found = plan([person(1, login), person(2)], DOMAIN)
    assert found.in_order == [2]
    (problem,) = found.problems
    assert problem.column == "key U-1"
    assert rule in problem.rule
    assert login.partition("@")[0] not in problem.rule or not login.partition("@")[0].strip("a")


def test_a_key_that_no_employee_id_can_hold_is_told_and_not_sent() -> None:
    """Red when ``longest_key`` isn't looked at. Another attribute may hold a longer one."""
    long = person(10**14)
    assert len(long.key) == 17
    found = plan([long, person(10**13)], DOMAIN, longest_key=16)
    assert found.in_order == [10**13]
    assert [each.column for each in found.problems] == [f"key {long.key}"]
    assert "16 characters" in found.problems[0].rule
    assert plan([long], DOMAIN).total == 1


def test_of_two_with_one_login_the_first_is_sent_and_the_second_told() -> None:
    found = plan([person(1, f"anna@{DOMAIN}"), person(2, f"ANNA@{DOMAIN}")], DOMAIN)
    assert found.in_order == [1]
    assert "the login of the key U-1 too" in found.problems[0].rule


def test_a_digest_tells_every_change() -> None:
    same = person(1)
    assert plan([person(1, given=given_before(same.digest))], DOMAIN).unchanged == 1
    for other in (person(1, f"x@{DOMAIN}"), person(1, active=False)):
        changed = Person(
            1, 1, other.record, other.digest, given_before(same.digest)
        )  # fmt: skip
        assert plan([changed], DOMAIN).total == 1


@given(
    used=st.lists(st.tuples(st.integers(-86_399, 0), st.integers(1, 30)), max_size=20),
    quota=st.integers(1, 60),
    calls=st.integers(0, 400),
)
def test_the_end_that_is_foretold_is_the_one_that_comes(
    used: list[tuple[int, int]], quota: int, calls: int
) -> None:
    """Red when ``end_of`` forgets the calls that it has foretold itself."""
    base = int(NOW.timestamp())
    made: dict[int, int] = {}
    for second, count in used:
        made[base + second] = made.get(base + second, 0) + count
    budget = Budget(quota, tuple(sorted(made.items())))
    at, left = base, calls
    while left:
        if taking := min(_window(quota, made, at).left, left):
            made[at] = made.get(at, 0) + taking
            left -= taking
        if left:
            at = _window(quota, made, at).used[0][0] + 86_401
    assert budget.end_of(calls, NOW) == datetime.fromtimestamp(at, UTC)


def _window(quota: int, made: dict[int, int], at: int) -> Budget:
    return Budget(quota, tuple(sorted(each for each in made.items() if each[0] >= at - 86_400)))


def test_calls_needed() -> None:
    assert [needed(count, 50) for count in (0, 1, 50, 51, 100_000)] == [0, 1, 1, 2, 2_000]


def test_every_wait_is_at_least_half_of_the_longest() -> None:
    assert list(back_off(lambda: 0.0)) == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert list(back_off(lambda: 1.0)) == [1, 2, 4, 8, 16, 32, 60, 60]
    assert len(list(back_off(lambda: 0.5))) == TRIES


def test_who_leaves_comes_first() -> None:
    known = given_before("x")
    people = [
        person(1, given=known), person(2), person(3, active=False, given=known),
        person(4, active=False),
    ]  # fmt: skip
    found = plan(people, DOMAIN)
    assert found.in_order == [3, 2, 1]
    assert ORDER[0] == "leavers"
