"""A school year: whatever the register says day by day and whatever goes wrong, Entra has it.

What accounts have to be comes from the register's model, and what was sent from the double's own
record; neither asks the push.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from scim_server.errors import BadRecords, Failure, NotPushed, Refused
from scim_server.inbound.pushing import Outcome
from scim_server.inbound.simulator.faults import CUT, EXPIRED, LOST, Faults
from scim_server.inbound.tables import inbound_call
from tests.inbound.double import doubled
from tests.inbound.living_school import Expected, LivingSchool
from tests.inbound.pushed import Pushed
from tests.inbound.test_killed import run
from tests.inbound.test_watching import watch
from tests.school import DOMAIN, SCHOOLS, MovedClock, World

SEPTEMBER = datetime(2026, 9, 1, 5, tzinfo=UTC)
NEXT_SEPTEMBER = datetime(2027, 9, 1, 5, tzinfo=UTC)
SIZES = {"sqlite": (200, 240), "postgresql": (90, 160)}
"""Days of school, and people; PostgreSQL takes three times as long for each."""

FAULTS = (429, 429, 500, 502, 503, 504, LOST, LOST, CUT, EXPIRED)
QUOTA, BURST = 2_000, 40


@pytest.fixture
def clock() -> MovedClock:
    moved = MovedClock()
    moved.now = SEPTEMBER
    return moved


@pytest.fixture
def year(world: World) -> Iterator[Year]:
    days, people = SIZES[world.database.main.dialect.name]
    with doubled(world.clock) as double:
        made = Year(Pushed(world, double), days, people)
        yield made
        made.pushed.close()


def test_after_a_school_year_entra_has_what_the_register_has(year: Year) -> None:
    """Red when any of these is done: ``offer`` keeps the digest of the record before, ``accept``
    comes before the answer, ``_served`` reads people who aren't served, ``Budget.pause`` is always
    0, ``_offer`` doesn't ask for ``budget.left``, ``read_log`` doesn't call ``free_login``, a
    leaver isn't sent, the school that is named isn't one that publishes.
    """
    year.begin()
    year.live()
    year.checkpoint()
    year.check_limits()
    year.check_nothing_was_sent_twice()
    year.check_that_much_happened()


class Year:
    """The days of the unit ``sp12``. Nobody here looks into what the push keeps."""

    def __init__(self, pushed: Pushed, days: int, people: int) -> None:
        self.pushed, self.double, self.world = pushed, pushed.double, pushed.world
        self.days, self.size = days, people
        self.chance = random.Random(20_260_901)
        self.school = LivingSchool(self.chance)
        self.expected = Expected()
        self.happened: Counter[str] = Counter()
        self.earlier: list[datetime] = []
        self.ids: dict[str, str] = {}
        self.frozen: dict[str, dict[str, Any] | None] = {}
        self.unsure: set[int] = set()
        self.exchanged: set[str] = set()
        self._seen = 0

    @property
    def clock(self) -> MovedClock:
        return self.world.clock

    def begin(self) -> None:
        """The first push takes two days, for little is left of the tenant's calls."""
        self.pushed.configure(phones=True, groups="microsoft365")
        self.expected.publishing |= set(SCHOOLS)
        self.school.fill(self.size, groups=24)
        self.take_in(allow_deactivations=True)
        self._use_up(all_but=3)
        first = self.pushed.push()
        assert (first.calls, first.left) == (3, self.size - 150)
        assert self.pushed.push().calls == 0
        assert first.resume is not None
        self.clock.now = first.resume
        assert self.pushed.push().left == 0
        assert {each.status for each in self.double.uploads} == {202}
        self.checkpoint()

    def _use_up(self, *, all_but: int) -> None:
        """Calls that were made before: some within an hour, and all but one of those that may be
        made within five seconds just now.
        """
        now, unit_id = self.clock(), self.world.unit.id
        count = QUOTA - all_but - (BURST - 1)
        self.earlier = [now - timedelta(seconds=60 + (count - each) / 4) for each in range(count)]
        self.earlier += [now] * (BURST - 1)
        self.double.simulator.day.calls.extend(self.earlier)
        self.double.simulator.burst.calls.extend(self.earlier[-BURST + 1 :])
        rows = [
            {"unit_id": unit_id, "at": second, "calls": calls}
            for second, calls in Counter(int(at.timestamp()) for at in self.earlier).items()
        ]
        with self.world.database.write() as connection:
            connection.execute(inbound_call.insert(), rows)

    # The days

    def live(self) -> None:
        calendar = self._calendar()
        for number in range(2, self.days):
            self.morning()
            calendar.get(number, self.ordinary_day)()
            self.evening()
            if number % 20 == 0 and self.expected.publishing:
                self.checkpoint()

    def _calendar(self) -> dict[int, Callable[[], None]]:
        """What isn't left to chance, by the number of the day."""
        fixed = (
            (0.10, self.two_exchange_logins), (0.15, self.an_outage),
            (0.20, self.a_change_is_undone_while_its_answer_is_lost),
            (0.25, self.a_school_withdraws), (0.38, self.it_consents_again),
            (0.45, self.throttled_for_hours), (0.50, self.two_exchange_logins),
            (0.60, self.all_withdraw), (0.63, self.it_consents_again),
            (0.75, self.a_change_is_undone_while_its_answer_is_lost),
            (0.80, self.two_exchange_logins), (0.92, self.september),
        )  # fmt: skip
        calendar: dict[int, Callable[[], None]] = {
            round(share * self.days): happens for share, happens in fixed
        }
        publishing = [
            each for each in range(3, self.days)
            if each not in calendar and not 0.6 < each / self.days < 0.63
        ]  # fmt: skip
        return calendar | dict.fromkeys(self.chance.sample(publishing, 10), self.killed)

    def morning(self) -> None:
        """Of the next day that isn't Saturday or Sunday."""
        day = self.clock().replace(hour=5, minute=0, second=0)
        while (day := day + timedelta(days=1)).weekday() > 4:
            pass
        self.clock.now = day
        self.double.tenant.log_delay = self.chance.choice((300, 300, 600, 1_500))

    def ordinary_day(self) -> None:
        self.school_goes_on()
        if self.chance.random() < 0.4:
            self._let_something_fail()
        self.push_or_watch()

    def school_goes_on(self) -> None:
        """The day's changes are imported. A newcomer may not have the login of someone who left."""
        before = self.school.copy()
        self.school.change()
        if self.expected.refuses(self.school):
            assert isinstance(before, LivingSchool)
            self.school = before
        bad = self.chance.random()
        if bad < 0.05:
            self._take_in_without_one()
        else:
            if bad < 0.1:
                with pytest.raises(BadRecords):
                    self._import(self.school.with_login(self._unchanged(), "zła nazwa"))
                self.happened["refused import"] += 1
            self.take_in()

    def take_in(self, **choices: bool) -> None:
        self._import(self.school, **choices)
        self.expected.take(self.school)

    def _take_in_without_one(self) -> None:
        """Someone has a login that nobody may have: they stay as they were, the others go on."""
        key = self._unchanged()
        self._import(self.school.with_login(key, "zła nazwa"), skip_invalid=True)
        self.expected.take(self.school, left_out=key)
        self.happened["left out"] += 1

    def _unchanged(self) -> str:
        """Someone whose login nobody else has an eye on today."""
        people = self.expected.people
        return self.chance.choice(
            [
                key for key, each in sorted(self.school.people.items())
                if key in people and people[key].own["userName"] == f"{each.login}@{DOMAIN}"
            ]
        )  # fmt: skip

    def _import(self, school: LivingSchool, **choices: bool) -> None:
        self.world.import_files(
            choices={"max_deactivated_percent": 25, **choices}, **school.files()
        )

    def _let_something_fail(self) -> None:
        what = self.chance.choice(FAULTS)
        kinds = ["bulkUpload"] * 4 + ["log"] + (["token"] if what != EXPIRED else [])
        self.double.fail_next(
            what, on=self.chance.choice(kinds), retry_after=self.chance.choice((1, 20, 240)),
            times=1 if what == EXPIRED else self.chance.choice((1, 1, 2, 4)),
        )  # fmt: skip

    def push(self, **choices: bool) -> Outcome:
        """By an operator who allows groups to lose as many as a day of a small school may bring."""
        try:
            return self.pushed.push(**choices)
        except Refused as refusal:
            if not _is_about_groups(refusal):
                raise
            self.happened["groups guarded"] += 1
            return self.pushed.push(**{**choices, "allow_deactivations": True})

    def push_or_watch(self) -> None:
        """As far as it goes today. What fails goes on tomorrow."""
        if self.chance.random() < 0.5:
            failures = watch(self.pushed, 1)[1]
            self._told([each for each in failures if not _is_about_groups(each)])
            if not any(map(_is_about_groups, failures)):
                return
        try:
            self.push()
        except Failure as failure:
            self._told([failure])
        if self.chance.random() < 0.3:
            with suppress(NotPushed):
                self.pushed.read_log()

    def _told(self, failures: list[Failure]) -> None:
        for each in failures:
            refused = isinstance(each, Refused)
            assert refused == (not self.expected.publishing), each
            self.happened["refused" if refused else "not pushed"] += 1

    def evening(self) -> None:
        """Nobody whom no publishing school holds was sent today or changed; nobody disappeared."""
        self.double.simulator.faults = Faults()
        self.double.settle()
        withheld, accounts = self.expected.withheld, self.double.accounts
        for call in self.double.uploads[self._seen :]:
            assert not withheld & set(keys_of(call))
        self._seen = len(self.double.uploads)
        self.frozen = {key: self.frozen.get(key, accounts.get(key)) for key in withheld}
        assert self.frozen == {key: accounts.get(key) for key in withheld}
        for key, user_id in self.ids.items():
            assert accounts[key]["id"] == user_id
        self.ids = {key: each["id"] for key, each in accounts.items()}

    # Days that aren't left to chance

    def killed(self) -> None:
        """A push in a process that ends without warning, at any of its steps."""
        self.school_goes_on()
        self.school.someone_comes()
        self.take_in()
        assert run(self.world, self.chance.randrange(1, 9), anything=True) < 0
        self.unsure.add(len(self.double.uploads) - 1)
        self.clock.move(minutes=4)  # the lease of the killed one ends
        self.happened["killed"] += 1

    def two_exchange_logins(self) -> None:
        before = dict(self.school.people)
        self.school.two_exchange_logins()
        self.exchanged |= {key for key, each in before.items() if each != self.school.people[key]}
        self.take_in()
        self.push()

    def an_outage(self) -> None:
        self.school.every_pupil_has_a_new_phone()
        self.take_in()
        self.double.fail_next(503, times=20, retry_after=9)
        with pytest.raises(NotPushed, match="after 8 tries"):
            self.push()

    def throttled_for_hours(self) -> None:
        self.school.every_pupil_has_a_new_phone()
        self.take_in()
        before = self.clock()
        self.double.fail_next(429, retry_after=20_000)
        outcome = self.push()
        assert outcome.left
        assert outcome.resume is not None
        assert outcome.resume >= before + timedelta(seconds=20_000)

    def a_change_is_undone_while_its_answer_is_lost(self) -> None:
        """Nobody here knows whether Entra has it."""
        self.checkpoint()
        before = self.school.copy()
        self.school.someone_marries()
        self.take_in()
        self.double.fail_next(LOST)
        self.double.fail_next(CUT, times=7)
        with suppress(NotPushed):
            self.push()
        assert isinstance(before, LivingSchool)
        self.school = before
        self.take_in()
        self.push()
        self.checkpoint()

    def a_school_withdraws(self) -> None:
        """In the middle of a push."""
        self._withdraw(SCHOOLS[:1])

    def all_withdraw(self) -> None:
        self._withdraw(SCHOOLS)
        assert self.happened["refused"] == 1

    def _withdraw(self, schools: tuple[str, ...]) -> None:
        self.checkpoint()
        self.school.logins_change_hands = False
        self.school.every_pupil_has_a_new_phone()
        self.take_in()
        calls: list[int] = []

        def withdraw(number: int) -> None:
            calls.append(number)
            if len(calls) == 2:
                for each in schools:
                    self.decide(each, False)
                # This one is on its way; those that follow are looked at in the evening.
                self._seen = len(self.double.uploads) + 1

        self.pushed.before_call = withdraw
        try:
            self.push()
        except Refused as refusal:
            self._told([refusal])
        self.pushed.before_call = lambda _: None
        self.happened["withdrawn"] += len(calls) >= 2

    def it_consents_again(self) -> None:
        waiting, before = self.expected.withheld, len(self.double.uploads)
        for each in SCHOOLS:
            if each not in self.expected.publishing:
                self.decide(each, True)
        self.ordinary_day()
        self.checkpoint()
        sent = {key for call in self.double.uploads[before:] for key in keys_of(call)}
        self.happened["waited"] += len(waiting & sent)
        self.school.logins_change_hands = True

    def decide(self, school: str, decision: bool) -> None:
        self.world.decide(school, decision)
        self.expected.publishing ^= {school}

    def september(self) -> None:
        """So many leave at once that someone has to say that it's right."""
        self.checkpoint()
        self.clock.now = NEXT_SEPTEMBER
        self.school.september("2027/2028")
        self.take_in(allow_deactivations=True)
        before = len(self.double.uploads)
        with pytest.raises(Refused, match="would disable the accounts"):
            self.pushed.push()
        assert len(self.double.uploads) == before
        self.pushed.push(allow_deactivations=True)
        self.happened["guarded"] += 1

    # What has to be

    def checkpoint(self) -> None:
        """Entra has what the register has, once everything is sent and worked on."""
        self.settle()
        given = {key for call in self.double.uploads if call.status == 202 for key in keys_of(call)}
        assert self.expected.differences(self.double.accounts, given) == []
        self.pushed.check_groups()

    def settle(self) -> None:
        """Push until there is nothing to do. An exchange of logins, which Entra can't do, is set
        right by an administrator who reads its log.
        """
        self.double.simulator.faults = Faults()
        self._push_to_the_end()
        while failing := self._failing():
            assert set(failing) <= self.exchanged
            name = f"to.be.renamed.{self.happened['set right']}@{DOMAIN}"
            self.double.rename_account(failing[0], name)
            self.happened["set right"] += 1
            self._push_to_the_end(retry_failed=True)

    def _push_to_the_end(self, **choices: bool) -> None:
        self._read_all()
        while self.push(**choices).calls:
            choices = {}
            self._read_all()

    def _read_all(self) -> None:
        self.double.settle()
        self.pushed.read_log()

    def _failing(self) -> list[str]:
        """Those who have an account, but of whom Entra's log tells a failure last."""
        last = {
            each["sourceIdentity"]["id"]: each["provisioningStatusInfo"]["status"]
            for each in self.double.log
        }
        accounts = self.double.accounts
        return [key for key, status in last.items() if status == "failure" and key in accounts]

    def check_limits(self) -> None:
        """By the double's record, and with the calls that were made before."""
        times = sorted([*self.earlier, *(each.at for each in self.double.uploads)])
        for calls, span in ((BURST, timedelta(seconds=5)), (QUOTA, timedelta(hours=24))):
            pairs = zip(times, times[calls:], strict=False)
            assert all(later - earlier >= span for earlier, later in pairs)

    def check_nothing_was_sent_twice(self) -> None:
        """But where the answer was lost, or Entra's log tells that it failed."""
        failed = {
            each["sourceIdentity"]["id"] for each in self.double.log
            if each["provisioningStatusInfo"]["status"] == "failure"
        }  # fmt: skip
        sent: dict[str, list[tuple[Any, bool]]] = {}
        for number, call in enumerate(self.double.uploads):
            if call.status in (0, 202):
                sure = call.status == 202 and number not in self.unsure
                for each in call.body["Operations"]:
                    data = each["data"]
                    sent.setdefault(data["externalId"], []).append((data, sure))
        repeated = {
            key
            for key, records in sent.items()
            for (one, sure), (following, _) in pairwise(records)
            if one == following and sure
        }
        assert repeated <= failed

    def check_that_much_happened(self) -> None:
        """Nothing of the above was for nothing."""
        assert self.happened["killed"] == 10
        assert self.happened["guarded"] == 1
        assert self.happened["withdrawn"] == 2
        assert self.happened["set right"] >= 3
        assert self.happened["waited"] > self.size / 4
        for each in ("refused import", "left out", "not pushed", "refused", "groups guarded"):
            assert self.happened[each], each
        statuses = {each.status for each in self.double.uploads}
        assert statuses >= {0, 202, 401, 429, 503}
        accounts = self.double.accounts.values()
        assert {each["accountEnabled"] for each in accounts} == {True, False}
        assert {each["companyName"] for each in accounts} == set(SCHOOLS)


def _is_about_groups(failure: Failure) -> bool:
    return isinstance(failure, Refused) and "would end in Entra" in str(failure)


def keys_of(call: Any) -> list[str]:
    return [each["data"]["externalId"] for each in call.body["Operations"]]
