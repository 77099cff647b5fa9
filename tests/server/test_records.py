"""A real server writes down whom it gave what, which settings it has, and where its record ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from scim_server.audit import anchor, entries, whole
from scim_server.audit.chain import anchors_in, verify
from scim_server.audit.disclosures import disclosed
from scim_server.database import Database, open_database
from scim_server.directory.resources import person_with_key
from scim_server.directory.units import unit_named
from tests.school import AUDIT_KEYS
from tests.server.program import School, serving


@pytest.fixture
def database(school: School) -> Iterator[Database]:
    opened = open_database(school.database_url, audit_keys=AUDIT_KEYS)
    yield opened
    opened.close()


def given(database: Database, key: str) -> int:
    with database.read() as connection:
        unit = unit_named(connection, "sp12")
        seq = person_with_key(connection, unit.id, key)
    return len(list(disclosed(database, unit.id, seq)))


def test_a_server_that_is_stopped_in_order_loses_no_disclosure(
    school: School, database: Database
) -> None:
    """Red when workers no longer run their jobs once more at the end."""
    with serving(school, SCIM_WORKERS="2") as program:
        for _ in range(8):
            program.get("/Users?filter=externalId%20eq%20%22U-1%22")
        program.tell_to_stop()
        assert program.exit_code() == 0
    assert given(database, "U-1") == 1
    assert given(database, "U-2") == 0


def test_the_settings_are_recorded_when_they_change_and_only_then(
    school: School, database: Database
) -> None:
    """Red when ``record_settings`` writes at every start, or a text as it is."""
    port = ""
    for changes in ({}, {}, {"SCIM_WORKERS": "2"}):
        with serving(school, **{"SCIM_PORT": port} if port else {}, **changes):
            pass
    with database.read() as connection:
        told = [row for row in whole(connection) if row["action"] == "settings.changed"]
        assert verify(whole(connection), AUDIT_KEYS, ()).problems == []
    # Every start has a port of its own here, so every one is a change.
    assert [row["facts"]["SCIM_WORKERS"] for row in told] == [1, 1, 2]
    for row in told:
        assert re.fullmatch(r"text [0-9a-f]{8}", row["facts"]["SCIM_DATABASE_URL"])
        assert school.database_url not in str(row)


def test_the_log_holds_the_end_of_the_record(school: School, database: Database) -> None:
    """Red when the server's log can no longer serve as an anchor."""
    with serving(school) as program:
        program.tell_to_stop()
        assert program.exit_code() == 0
        found = anchors_in(program.log.read_text())
    with database.read() as connection:
        assert anchor(connection) in found
        assert verify(whole(connection), AUDIT_KEYS, found).problems == []


def test_refusals_are_counted_and_recorded_together(school: School, database: Database) -> None:
    """Red when each refusal is an entry, or none is."""
    with serving(school) as program:
        for _ in range(5):
            program.get("/Users", Authorization="Bearer uonet_at_" + "x" * 49)
        program.tell_to_stop()
        assert program.exit_code() == 0
    with database.read() as connection:
        (entry,) = [row for row in whole(connection) if row["action"] == "token.refused"]
        assert entries(connection, unit="sp12", action="token.refused") == []
    assert entry["unit"] is None
    assert entry["facts"] == {"client": None, "reasons": {"unknown": 5}}
