"""How long a refusal takes tells nothing of which clients there are: all go the same way.

What is counted here is what costs time; ``python -m benchmarks.timing`` measures the time itself.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

import pytest

from scim_server.database.reading import Reader
from scim_server.oauth import clients, credentials
from scim_server.oauth.credentials import Credentials
from scim_server.oauth.secrets import new_secret
from tests.isolation.neighbour import neighbour_of
from tests.oauth.asking import GRANT, ask, basic, error, in_body, own
from tests.school import World

Counts = dict[str, int]


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    """How many statements were run on behalf of requests, and how many digests were made."""
    found = {"statements": 0, "digests": 0}

    def counted(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            found[what] += 1
            return function(*args, **kwargs)

        return wrapper

    monkeypatch.setattr(hmac, "digest", counted("digests", hmac.digest))
    for name in ("rows", "row"):
        monkeypatch.setattr(Reader, name, counted("statements", getattr(Reader, name)))
    return found


def terms(world: World) -> dict[str, Any]:
    settings = world.settings
    return {
        "key": settings.key("digest"), "public_url": settings.public_url, "now": world.clock(),
        "actor": "os:test",
    }  # fmt: skip


def with_two_secrets(world: World) -> Credentials:
    with world.database.write() as connection:
        clients.add(connection, world.unit, "two", now=world.clock(), actor="os:test")
        credentials.issue(connection, world.unit, client_name="two", **terms(world))
        return credentials.rotate(connection, world.unit, client_name="two", **terms(world))


def disabled(world: World) -> Credentials:
    with world.database.write() as connection:
        clients.add(connection, world.unit, "off", now=world.clock(), actor="os:test")
        made = credentials.issue(connection, world.unit, client_name="off", **terms(world))
        clients.set_disabled(
            connection, world.unit, "off", True, now=world.clock(), actor="os:test"
        )
    return made


def without_secret(world: World) -> str:
    with world.database.write() as connection:
        return clients.add(connection, world.unit, "none", now=world.clock(), actor="os:test").id


@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
def test_every_refusal_goes_the_same_way(world: World, counts: Counts, endpoint: str) -> None:
    """Red when an unknown client is refused before a digest is made of what it sent, or a digest
    is made for each of a client's secrets.
    """
    name, secret = own(world)
    two, off, other = with_two_secrets(world), disabled(world), neighbour_of(world)
    wrong = new_secret().text
    refused = {
        "a wrong secret": (name, wrong),
        "a wrong secret, where two are live": (two.client_id, wrong),
        "no client": ("sp12-00000000", wrong),
        "a client without a secret": (without_secret(world), wrong),
        "a disabled client": (off.client_id, off.client_secret),
        "a disabled client, and a wrong secret": (off.client_id, wrong),
        "a client of another unit": own(other),
        "a secret of another client": (name, two.client_secret),
        "what is no secret": (name, "x"),
        "no client, and what is no secret": ("sp12-00000000", "x"),
        "the secret of nobody's client": ("sp12-00000000", secret),
    }
    form = dict(GRANT) if endpoint == "token" else {"token": world.token}
    path = f"/sp12/oauth2/{endpoint}"
    for by_header in (False, True):
        costs = {}
        for what, given in refused.items():
            counts.update(statements=0, digests=0)
            if by_header:
                answer = ask(world, form, authorization=basic(*given), path=path)
            else:
                answer = ask(world, form | in_body(*given), path=path)
            error(answer, 401, "invalid_client")
            costs[what] = dict(counts)
        assert costs == {what: {"statements": 1, "digests": 1} for what in refused}
