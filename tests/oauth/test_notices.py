"""An administrator is told in time, and only of what matters."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from scim_server.oauth import clients, credentials
from scim_server.oauth.notices import Notice, due
from tests.oauth.asking import GRANT, ask, in_body
from tests.school import World


def told(world: World) -> list[Notice]:
    return due(world.database, world.clock())


def codes(world: World) -> list[tuple[str, int]]:
    return [(each.code, each.stage) for each in told(world)]


def rotate(world: World, **terms: Any) -> credentials.Credentials:
    with world.database.write() as connection:
        return credentials.rotate(
            connection, world.unit, key=world.settings.key("digest"),
            public_url=world.settings.public_url, now=world.clock(), actor="os:test", **terms,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("days_left", "stage"),
    [(91, None), (90, 90), (31, 90), (30, 30), (15, 30), (14, 14), (8, 14), (7, 7), (2, 7), (1, 1)],
)
def test_the_end_of_the_last_secret_is_told_in_stages(
    world: World, days_left: int, stage: int | None
) -> None:
    """Red when ``DAYS`` isn't in rising order."""
    world.clock.move(days=365 - days_left)
    assert codes(world) == ([] if stage is None else [("credential.expiring", stage)])


def test_the_last_hour_is_still_the_last_day(world: World) -> None:
    """Red when days are rounded down."""
    world.clock.move(days=365, hours=-1)
    (notice,) = told(world)
    assert (notice.code, notice.stage) == ("credential.expiring", 1)
    assert "in 1 day(s)" in notice.text


def test_a_secret_that_was_replaced_in_time_is_not_warned_of(world: World) -> None:
    """Red when the first secret to end is warned of, and not the last."""
    world.clock.move(days=360)
    made = rotate(world)
    assert ask(world, GRANT | in_body(made.client_id, made.client_secret)).status_code == 200
    assert codes(world) == []


def test_a_new_secret_that_nobody_entered_is_told_before_the_old_one_ends(world: World) -> None:
    """Red when ``uses`` isn't asked."""
    made = rotate(world, overlap=timedelta(days=7))
    world.clock.move(days=5, seconds=-1)
    assert codes(world) == []
    world.clock.move(seconds=1)
    assert codes(world) == [("credential.unused", 0)]
    ask(world, GRANT | in_body(made.client_id, made.client_secret))
    assert codes(world) == []


def test_a_client_without_a_live_secret_is_told(world: World) -> None:
    world.clock.move(days=365)
    (notice,) = told(world)
    assert notice.code == "credential.none"
    assert "credentials issue sp12 --client main" in notice.text


def test_a_client_that_is_switched_off_or_was_never_connected_is_not_warned_of(
    world: World,
) -> None:
    """Red when ``disabled`` isn't asked."""
    world.clock.move(days=365)
    with world.database.write() as connection:
        clients.add(connection, world.unit, "sds", now=world.clock(), actor="os:test")
        clients.set_disabled(
            connection, world.unit, "main", True, now=world.clock(), actor="os:test"
        )
    assert codes(world) == []
