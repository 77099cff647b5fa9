"""The life of secrets and tokens in any order of events, beside a model of a few lines.

Two clients of one unit live through random sequences of what operators, clients and time may do
to them. After each step every secret and every token that there ever was is held against
:class:`Model`. ``FUZZING=50`` tries fifty times as many.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from scim_server.app import create_app
from scim_server.database import Database
from scim_server.directory.units import add_sandbox
from scim_server.errors import BadInput, Refused
from scim_server.oauth import clients, credentials
from scim_server.oauth.credentials import secrets_of
from scim_server.oauth.secrets import secret_id
from scim_server.settings import Settings
from tests.fuzzing.budget import examples
from tests.oauth.asking import FORM
from tests.school import KEY, PUBLIC_URL, MovedClock
from tests.wsgi import Caller, Told

LIFETIME = timedelta(hours=1)
NAMES = ("one", "two")


@dataclass(eq=False)
class Secret:
    client: str
    text: str
    expires: datetime
    superseded: bool = False
    revoked: bool = False


@dataclass(eq=False)
class Token:
    secret: Secret
    text: str
    expires: datetime
    ended: bool = False


@dataclass
class Model:
    """What secrets and tokens there are, and what counts."""

    secrets: list[Secret] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    disabled: set[str] = field(default_factory=set)

    def is_live(self, secret: Secret, now: datetime) -> bool:
        return not secret.revoked and now < secret.expires

    def live(self, client: str, now: datetime) -> list[Secret]:
        return [each for each in self.secrets if each.client == client and self.is_live(each, now)]

    def state(self, secret: Secret, now: datetime) -> str:
        if secret.revoked:
            return "revoked"
        lives, ended = ("superseded", "ended") if secret.superseded else ("active", "expired")
        return lives if now < secret.expires else ended

    def admits(self, client: str, secret: Secret, now: datetime) -> bool:
        is_own = secret.client == client and client not in self.disabled
        return is_own and self.is_live(secret, now)

    def counts(self, token: Token, now: datetime) -> bool:
        is_ended = token.ended or token.secret.revoked or token.secret.client in self.disabled
        return not is_ended and now < token.expires


PICK = st.integers(0, 60)
"""One of a list, by its place, whatever its length."""

WHO = st.sampled_from(NAMES)
_numbers = count(1)


class Life(RuleBasedStateMachine):
    """Each example has a unit of its own in the same database."""

    def __init__(self, database: Database, app: Any, clock: MovedClock, terms: Settings) -> None:
        super().__init__()
        self.database, self.clock, self.settings = database, clock, terms
        self.caller, self.model = Caller(app), Model()
        self.app = app

    @property
    def now(self) -> datetime:
        return self.clock()

    @property
    def by(self) -> dict[str, Any]:
        return {"now": self.now, "actor": "os:test"}

    @property
    def issuing(self) -> dict[str, Any]:
        return {**self.by, "key": self.settings.key("digest"), "public_url": PUBLIC_URL}

    @initialize()
    def begin(self) -> None:
        with self.database.write() as connection:
            self.unit = add_sandbox(connection, name=f"life-{next(_numbers)}", **self.by)
            made = [clients.add(connection, self.unit, name, **self.by) for name in NAMES]
        self.ids = {each.name: each.id for each in made}
        for name in NAMES:
            self.issue(name, 365)

    # What an operator does

    @rule(name=WHO, days=st.sampled_from((30, 31, 365)))
    def issue(self, name: str, days: int) -> None:
        with self.expecting(Refused, len(self.model.live(name, self.now)) == 2):
            with self.database.write() as connection:
                made = credentials.issue(
                    connection, self.unit, client_name=name, life=timedelta(days=days),
                    **self.issuing,
                )  # fmt: skip
            self.model.secrets.append(Secret(name, made.client_secret, made.expires))
            assert made.expires == self.now + timedelta(days=days)

    @rule(name=WHO, days=st.sampled_from((0, 1, 7, 30)))
    def rotate(self, name: str, days: int) -> None:
        live, overlap = self.model.live(name, self.now), timedelta(days=days)
        with self.expecting(Refused, len(live) != 1):
            with self.database.write() as connection:
                made = credentials.rotate(
                    connection, self.unit, client_name=name, overlap=overlap, **self.issuing
                )
            (old,) = live
            old.superseded, old.expires = True, min(old.expires, self.now + overlap)
            self.model.secrets.append(Secret(name, made.client_secret, made.expires))

    @rule(name=WHO, days=st.sampled_from((1, 7, 30)))
    def rotate_late(self, name: str, days: int) -> None:
        """An hour before the secret would end by itself: no overlap makes it live longer."""
        live = self.model.live(name, self.now)
        if len(live) == 1:
            self.clock.now = max(self.now, live[0].expires - timedelta(hours=1))
            self.rotate(name, days)

    @precondition(lambda self: self.model.secrets)
    @rule(place=PICK, force=st.booleans())
    def revoke(self, place: int, force: bool) -> None:
        secret = self.secret(place)
        live = self.model.live(secret.client, self.now)
        is_last = live == [secret] and not force
        with (
            self.expecting(BadInput, secret not in live),
            self.expecting(Refused, is_last),
            self.database.write() as connection,
        ):
            name = secret_id(secret.text)
            assert name is not None
            credentials.revoke(connection, self.unit, name, force=force, **self.by)
        secret.revoked = secret.revoked or (secret in live and not is_last)

    @rule(name=WHO, off=st.booleans())
    def disable(self, name: str, off: bool) -> None:
        with self.database.write() as connection:
            clients.set_disabled(connection, self.unit, name, off, **self.by)
        self.model.disabled = self.model.disabled - {name} | ({name} if off else set())

    # What a client does

    @precondition(lambda self: self.model.secrets)
    @rule(place=PICK, name=WHO)
    def ask(self, place: int, name: str) -> None:
        secret = self.secret(place)
        told = self.form("token", name, secret, grant_type="client_credentials")
        assert told.status == (200 if self.model.admits(name, secret, self.now) else 401)
        if told.status == 200:
            text = json.loads(told.body)["access_token"]
            until = self.now.replace(microsecond=0) + LIFETIME
            self.model.tokens.append(Token(secret, text, until))

    @precondition(lambda self: self.model.tokens)
    @rule(place=PICK)
    def read(self, place: int) -> None:
        token = self.token(place)
        told = Caller(self.app, token.text)("GET", f"/{self.unit.name}/scim/v2/Users")
        assert told.status == (200 if self.model.counts(token, self.now) else 401)

    @precondition(lambda self: self.model.tokens)
    @rule(place=PICK, by=PICK, name=WHO)
    def introspect(self, place: int, by: int, name: str) -> None:
        token, secret = self.token(place), self.secret(by)
        told = self.form("introspect", name, secret, token=token.text)
        assert told.status == (200 if self.model.admits(name, secret, self.now) else 401)
        if told.status == 200:
            is_own = token.secret.client == name
            is_active = is_own and self.model.counts(token, self.now)
            assert json.loads(told.body)["active"] == is_active

    @precondition(lambda self: self.model.tokens)
    @rule(place=PICK, by=PICK, name=WHO)
    def end(self, place: int, by: int, name: str) -> None:
        token, secret = self.token(place), self.secret(by)
        told = self.form("revoke", name, secret, token=token.text)
        is_admitted = self.model.admits(name, secret, self.now)
        assert told.status == (200 if is_admitted else 401)
        token.ended = token.ended or (is_admitted and token.secret.client == name)

    # What time does

    @rule(seconds=st.sampled_from((1, 59, 3_599, 3_600, 86_400)))
    def wait(self, seconds: int) -> None:
        self.clock.move(seconds=seconds)

    @rule(place=PICK, seconds=st.sampled_from((-1, 0, 1)))
    def come_to_an_end(self, place: int, seconds: int) -> None:
        """The moment of some secret's or token's end, or a second beside it."""
        ends = [each.expires for each in self.model.secrets]
        ends += [each.expires for each in self.model.tokens]
        moments = sorted(each + timedelta(seconds=seconds) for each in ends)
        ahead = [each for each in moments if each > self.now]
        if ahead:
            self.clock.now = ahead[place % len(ahead)]

    # What is always true

    @invariant()
    def no_client_has_more_than_two_live_secrets(self) -> None:
        with self.database.read() as connection:
            live = credentials.live_secrets(connection, self.unit.id, self.now)
        assert max(Counter(each.client_id for each in live).values(), default=0) <= 2

    @invariant()
    def the_states_that_are_shown_are_the_true_ones(self) -> None:
        with self.database.read() as connection:
            shown = secrets_of(connection, self.unit.id)
        told = {each.id: (each.client_id, each.state(self.now), each.expires) for each in shown}
        assert told == {
            secret_id(each.text): (
                self.ids[each.client], self.model.state(each, self.now), each.expires,
            )
            for each in self.model.secrets
        }  # fmt: skip

    @invariant()
    def every_secret_gets_a_token_or_not(self) -> None:
        for each in self.model.secrets:
            told = self.form("introspect", each.client, each, token="uonet_at_none")
            expected = self.model.admits(each.client, each, self.now)
            assert (told.status == 200) == expected, self.model.state(each, self.now)

    @invariant()
    def every_token_counts_or_not(self) -> None:
        for each in self.model.tokens:
            told = Caller(self.app, each.text)("GET", f"/{self.unit.name}/scim/v2/Users/none")
            assert (told.status == 404) == self.model.counts(each, self.now)

    # How it is asked

    def secret(self, place: int) -> Secret:
        return self.model.secrets[place % len(self.model.secrets)]

    def token(self, place: int) -> Token:
        return self.model.tokens[place % len(self.model.tokens)]

    def form(self, endpoint: str, name: str, secret: Secret, **rest: str) -> Told:
        client = {"client_id": self.ids[name], "client_secret": secret.text}
        body = urlencode({**client, **rest}).encode()
        return self.caller("POST", f"/{self.unit.name}/oauth2/{endpoint}", body=body, media=FORM)

    @contextmanager
    def expecting(self, kind: type[Exception], refused: bool) -> Iterator[None]:
        """What is within raises ``kind``, or doesn't."""
        if refused:
            with pytest.raises(kind):
                yield
        else:
            yield


def test_secrets_and_tokens_live_as_the_model_says(
    database: Database, database_url: str, clock: MovedClock
) -> None:
    """Red when a moment, a count or a client is compared in any other way: ``<=`` for ``<`` at an
    end, two live secrets for three, the unit's for the client's, or a revocation forgotten.
    """
    terms = Settings(
        database_url=database_url, master_key=KEY, public_url=PUBLIC_URL, log_level="WARNING",
        request_burst=1_000_000,
    )  # fmt: skip
    app = create_app(terms, clock=clock, database=database, between_requests=False)
    number = 20 if database.is_sqlite else 6
    run_state_machine_as_test(
        lambda: Life(database, app, clock, terms),  # type: ignore[arg-type]  # taken as well
        settings=settings(examples(number), stateful_step_count=40),
    )
