"""The life of a secret: replaced without a failed request, ended at the right moment."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from scim_server.audit import entries
from scim_server.errors import BadInput, Refused
from scim_server.oauth import credentials
from scim_server.oauth.credentials import Credentials, Secret, secrets_of
from scim_server.oauth.secrets import secret_id
from tests.oauth.asking import GRANT, ask, in_body
from tests.school import World


def rotate(world: World, **terms: Any) -> Credentials:
    with world.database.write() as connection:
        return credentials.rotate(
            connection, world.unit, key=world.settings.key("digest"),
            public_url=world.settings.public_url, now=world.clock(), actor="os:test", **terms,
        )  # fmt: skip


def revoke(world: World, made: Credentials, **terms: Any) -> None:
    with world.database.write() as connection:
        credentials.revoke(
            connection, world.unit, named(made), now=world.clock(), actor="os:test", **terms
        )


def named(made: Credentials) -> str:
    name = secret_id(made.client_secret)
    assert name is not None
    return name


def secret(world: World, made: Credentials) -> Secret:
    with world.database.read() as connection:
        return {each.id: each for each in secrets_of(connection, world.unit.id)}[named(made)]


def state(world: World, made: Credentials) -> str:
    return secret(world, made).state(world.clock())


def works(world: World, made: Credentials) -> bool:
    return ask(world, GRANT | in_body(made.client_id, made.client_secret)).status_code == 200


def test_both_secrets_work_until_the_overlap_ends(world: World) -> None:
    """Red when ``rotate`` leaves the old secret's ``expires``."""
    old, new = world.credentials, rotate(world)
    assert old.client_id == new.client_id
    assert (state(world, old), state(world, new)) == ("superseded", "active")
    world.clock.move(days=7, seconds=-1)
    assert works(world, old)
    assert works(world, new)
    world.clock.move(seconds=1)
    assert not works(world, old)
    assert works(world, new)
    assert state(world, old) == "ended"


def test_a_token_outlives_the_end_of_its_secret_and_not_its_revocation(world: World) -> None:
    """Red when ``check`` looks at when the secret ends."""
    new = rotate(world, overlap=timedelta(0))
    assert not works(world, world.credentials)
    assert world.get("/Users").status_code == 200
    token = ask(world, GRANT | in_body(new.client_id, new.client_secret)).get_json()["access_token"]
    revoke(world, new, force=True)
    refused = world.app.test_client().get(
        "/sp12/scim/v2/Users", headers={"Authorization": f"Bearer {token}"}
    )
    assert refused.status_code == 401


def test_an_overlap_never_lengthens_a_life(world: World) -> None:
    """Red when ``rotate`` doesn't take the earlier of both ends."""
    expires = secret(world, world.credentials).expires
    world.clock.move(days=363)
    rotate(world)
    assert secret(world, world.credentials).expires == expires


def test_a_third_secret_is_not_made_by_rotating(world: World) -> None:
    rotate(world)
    before = [(each.id, each.expires) for each in all_of(world)]
    with pytest.raises(Refused, match="two live secrets"):
        rotate(world)
    assert [(each.id, each.expires) for each in all_of(world)] == before


def all_of(world: World) -> list[Secret]:
    with world.database.read() as connection:
        return secrets_of(connection, world.unit.id)


def test_nothing_is_rotated_where_nothing_lives(world: World) -> None:
    world.clock.move(days=365)
    assert state(world, world.credentials) == "expired"
    with pytest.raises(Refused, match="credentials issue"):
        rotate(world)


@pytest.mark.parametrize("days", [29, 1_096])
def test_a_secret_lives_30_to_1095_days(world: World, days: int) -> None:
    """Red when ``_check_life`` is not asked."""
    with pytest.raises(BadInput, match="30 to 1,095 days"):
        rotate(world, life=timedelta(days=days))
    assert len(all_of(world)) == 1


@pytest.mark.parametrize("days", [30, 1_095])
def test_a_secret_ends_when_it_was_said_to(world: World, days: int) -> None:
    made = rotate(world, life=timedelta(days=days))
    world.clock.move(days=days, seconds=-1)
    assert works(world, made)
    world.clock.move(seconds=1)
    assert not works(world, made)


@pytest.mark.parametrize("overlap", [timedelta(days=31), timedelta(seconds=-1)])
def test_an_overlap_has_bounds(world: World, overlap: timedelta) -> None:
    with pytest.raises(BadInput, match="0 to 30 days"):
        rotate(world, overlap=overlap)
    assert len(all_of(world)) == 1


def test_the_last_live_secret_is_not_revoked_by_mistake(world: World) -> None:
    """Red when ``revoke`` doesn't count what is left."""
    with pytest.raises(Refused, match="last live secret"):
        revoke(world, world.credentials)
    assert works(world, world.credentials)
    revoke(world, world.credentials, force=True)
    assert state(world, world.credentials) == "revoked"
    assert not works(world, world.credentials)


def test_the_record_tells_which_secret_took_whose_place_and_why(world: World) -> None:
    new = rotate(world, reason="staff-change")
    revoke(world, world.credentials, reason="leaked")
    with world.database.read() as connection:
        (superseded,) = entries(connection, unit="sp12", action="credential.superseded")
        (revoked,) = entries(connection, unit="sp12", action="credential.revoked")
        *_, issued = entries(connection, unit="sp12", action="credential.issued")
    assert superseded["facts"]["secret"] == revoked["facts"]["secret"] == named(world.credentials)
    assert (superseded["facts"]["reason"], revoked["facts"]["reason"]) == ("staff-change", "leaked")
    assert issued["facts"]["secret"] == named(new)


def test_of_two_who_rotate_at_once_the_second_is_refused(world: World) -> None:
    """Red when ``rotate`` counts before it has the clients' rows to itself: both would succeed."""
    outcomes: list[str] = []

    def second() -> None:
        try:
            rotate(world)
        except Refused as error:
            outcomes.append(str(error))

    thread = threading.Thread(target=second)
    with world.database.write() as connection:
        credentials.rotate(
            connection, world.unit, key=world.settings.key("digest"),
            public_url=world.settings.public_url, now=world.clock(), actor="os:test",
        )  # fmt: skip
        thread.start()
        while not world.database.is_sqlite and not waits_for_a_lock(world):
            thread.join(0.01)
    thread.join()
    assert ["has two live secrets already" in each for each in outcomes] == [True]


def waits_for_a_lock(world: World) -> bool:
    """Whether somebody waits for a row of this database on PostgreSQL."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with world.database.read() as connection:
        return bool(connection.scalar(query))
