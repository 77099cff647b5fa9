"""What else is recorded: settings that change, and refusals by the minute."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scim_server.audit import whole
from scim_server.audit.refusals import Refusals
from scim_server.audit.settings import record_settings
from scim_server.settings import Settings
from tests.isolation.neighbour import neighbour_of
from tests.school import World


def told(world: World, action: str) -> list[dict[str, object]]:
    with world.database.read() as connection:
        return [row for row in whole(connection) if row["action"] == action]


def start(world: World, settings: Settings) -> None:
    with world.database.write() as connection:
        record_settings(connection, settings, at=world.clock(), actor="os:test")


def test_settings_are_recorded_when_they_change_and_only_then(world: World) -> None:
    """Red when ``record_settings`` doesn't compare with the last entry."""
    for settings in (world.settings, world.settings, replace(world.settings, port=8_001)):
        start(world, settings)
    first, second = told(world, "settings.changed")
    assert second["facts"]["SCIM_PORT"] == 8_001  # type: ignore[index]
    start(world, world.settings)
    assert len(told(world, "settings.changed")) == 3
    assert told(world, "settings.changed")[-1]["facts"] == first["facts"]


def test_of_a_text_only_a_change_is_recorded(world: World) -> None:
    """Red when ``_told`` writes texts as they are."""
    secret = replace(world.settings, database_url="postgresql://scim:h4sło@db/scim")
    start(world, secret)
    start(world, replace(secret, database_url="postgresql://scim:h4sło@other/scim"))
    first, second = told(world, "settings.changed")
    assert "postgresql" not in f"{first}{second}"
    assert world.settings.master_key not in f"{first}{second}"
    assert first["facts"] != second["facts"]


def test_refusals_are_recorded_by_client_and_reason(world: World) -> None:
    """Red when the hallway notes no refusal."""
    other = neighbour_of(world)
    foreign = {"Authorization": f"Bearer {other.token}"}
    for _ in range(3):
        world.app.test_client().get("/sp12/scim/v2/Users", headers=foreign)
    world.app.test_client().get("/sp12/scim/v2/Users", headers={"Authorization": "Bearer x"})
    other.decide("SP 12", False)
    other.decide("LO 3", False)
    other.get("/Users")
    world.app.extensions["rounds"].run_all()
    rows = told(world, "token.refused")
    assert [(row["unit"], row["facts"]) for row in rows] == [
        (
            "lo3",
            {
                "client": other.credentials.client_id,
                "reasons": {"for another unit": 3, "publishes nothing": 1},
            },
        ),
        (None, {"client": None, "reasons": {"unknown": 1}}),
    ]
    world.app.extensions["rounds"].run_all()
    assert len(told(world, "token.refused")) == 2


def test_refusals_that_could_not_be_recorded_are_recorded_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``write`` forgets what it failed to record."""
    refusals = Refusals(world.database, world.clock)
    refusals.note(None, None, "unknown")
    with monkeypatch.context() as patched:
        patched.setattr("scim_server.audit.refusals.record", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            refusals.write()
    refusals.note(None, None, "unknown")
    refusals.write()
    (row,) = told(world, "token.refused")
    assert row["facts"] == {"client": None, "reasons": {"unknown": 2}}
