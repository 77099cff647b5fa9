"""What was deleted stands nowhere in the files once they are tidied, and is found until then."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from scim_server.audit import record
from scim_server.database import Database, tidying, traces
from scim_server.database.tidying import tidy
from scim_server.database.traces import Searched, Traces, search
from scim_server.oauth import removal
from scim_server.oauth.tables import access_token
from tests.isolation.neighbour import neighbour_of
from tests.school import World

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ID = "0f8fad5b-d9cb-869f-a165-70867728950e"
KEY = '"externalId":"U-1"'
LOGIN = "anna.kowalska@sp12.example.pl"


def remove(world: World) -> Traces:
    told = removal.gather(world.database, world.unit)
    removal.remove(world.database, world.unit, now=world.clock(), actor="os:test")
    return told


def files(world: World) -> bytes:
    folder = Path(str(world.database.main.url.database)).parent
    return b"".join(each.read_bytes() for each in folder.glob("school*.db*"))


@contextmanager
def second(world: World) -> Iterator[Any]:
    """Another process's connection."""
    path = str(world.database.main.url.database)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


@pytest.fixture
def world(world: World) -> World:
    """One whose SQLite leaves deleted bytes where they are, which some builds don't by default."""
    if world.database.is_sqlite:
        for engine in (world.database.main, world.database.tokens):
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA secure_delete=OFF")
    return world


@on_sqlite
def test_deleted_people_are_found_in_the_files_until_they_are_tidied(world: World) -> None:
    """Red when ``tidy`` leaves out VACUUM or the checkpoint."""
    other = neighbour_of(world)
    alone = (b"maria.cwikla", b"U-1")  # the neighbour's people have the same logins and keys
    ids = [world.id_of(key).encode() for key in ("U-1", "P-1", "G-3")]
    told = remove(world)
    assert not told.texts & {*alone}
    found = search(world.database, told, files=True).found
    assert any(each.startswith("file school.db") for each in found)
    assert all(each in files(world) for each in ids)

    assert tidy(world.database) is None

    searched = search(world.database, told, files=True)
    assert searched.found == []
    assert searched.bytes == len(files(world)) - len(shared_memory(world))
    assert not any(each in files(world) for each in ids)
    assert other.list("/Users", filter='userName co "cwikla"')["totalResults"] == 1


def shared_memory(world: World) -> bytes:
    folder = Path(str(world.database.main.url.database)).parent
    return b"".join(each.read_bytes() for each in folder.glob("*-shm"))


@on_sqlite
def test_the_trigram_index_holds_what_is_left_and_nothing_else(world: World) -> None:
    """Red when ``tidy`` doesn't rebuild it: deleted texts stay in it, marked as deleted."""
    neighbour_of(world)
    told = remove(world)
    tidy(world.database)
    assert told.texts
    with second(world) as connection:
        blocks = connection.execute("SELECT count(*) FROM resource_text_data").fetchone()
        connection.execute("INSERT INTO resource_text (resource_text) VALUES ('rebuild')")
        assert connection.execute("SELECT count(*) FROM resource_text_data").fetchone() == blocks
        connection.execute("INSERT INTO resource_text (resource_text) VALUES ('integrity-check')")


def test_rows_that_are_left_are_found_by_unit_and_by_name(world: World) -> None:
    """Red when ``_search_tables`` looks at ``unit_id`` alone, or at names alone."""
    told = remove(world)
    assert search(world.database, told, files=False).found == []
    client_id, *_ = told.names
    row = {
        "digest": "x", "unit_id": told.unit_id, "client_id": "x", "secret_id": "x", "scope": "x",
        "issued": 1, "expires": 1,
    }  # fmt: skip
    for left in (row, row | {"unit_id": 99, "client_id": client_id}):
        with world.database.write_tokens() as connection:
            connection.execute(access_token.delete())
            connection.execute(insert(access_token).values(left))
        found = search(world.database, told, files=False)
        assert found.found == ["table access_token: 1 row(s)"]
        assert found.tables > 15


def test_the_search_tells_places_and_never_values(world: World) -> None:
    """Red when ``found`` names what was found."""
    told = removal.gather(world.database, world.unit)
    found = " ".join(search(world.database, told, files=True).found)
    for value in ("kowalska", ID, world.unit.namespace, *told.names):
        assert value not in found
    assert "texts" not in repr(told)


@pytest.mark.parametrize(
    ("left", "is_found"),
    [
        (ID, True),
        (f"xx{ID}U-1anna", True),
        (ID.replace("0f8f", "0f80"), False),
        ("{" + KEY + "}", True),
        ("U-1", False),
        ('"externalId":"U-11"', False),
        ('"userName":"Anna.Kowalska@sp12.example.pl"', True),
        ('"userName":"Joanna.Kowalska@sp12.example.pl"', False),
        (f"\x05\x03User{LOGIN}\x01", True),
        (f"\x05{LOGIN}", True),
        (f"jo{LOGIN}", False),
        (f"{'x' * traces._CHUNK}{ID}", True),
        (f"{'x' * (traces._CHUNK - 20)}{ID}", True),
        (f"{'x' * (traces._CHUNK - 20)}\x00{LOGIN}", True),
    ],
)
def test_what_a_file_may_hold_is_recognised(tmp_path: Path, left: str, is_found: bool) -> None:
    """Red when a shape is missing, a chunk forgets the end of the one before it, or a login is
    found within a longer one.
    """
    told = Traces(1, (), frozenset(map(str.encode, (ID, KEY, LOGIN))), "sp12.example.pl")
    path = tmp_path / "file"
    path.write_text(f"\x00\x01{left}\x00")
    assert any(traces._found(path, told)) is is_found


@on_sqlite
def test_a_reader_that_stays_keeps_the_files_from_being_tidied_and_it_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``_rewrite`` doesn't look at what the checkpoint answers."""
    monkeypatch.setattr(tidying, "_PATIENCE_MILLISECONDS", 0)
    with second(world) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM resource").fetchall()
        told = remove(world)
        assert tidy(world.database) == "another process is reading"
        assert search(world.database, told, files=True).found
    assert tidy(world.database) is None
    assert search(world.database, told, files=True).found == []


@on_sqlite
def test_a_writer_that_stays_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red when ``_rewrite`` lets the driver's failure through."""
    monkeypatch.setattr(tidying, "_PATIENCE_MILLISECONDS", 0)
    with second(world) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert tidy(world.database) == "database is locked"


def test_tidying_changes_nothing_that_is_served(world: World) -> None:
    before = world.get("/").data
    assert tidy(world.database) is None
    assert world.get("/").data == before
    assert world.list("/Users", filter='userName co "cwikla"')["totalResults"] == 1


def test_ids_that_the_record_keeps_are_not_looked_for(world: World) -> None:
    """Red when ``gather`` doesn't leave out ``_recorded``: the proof would fail for ever."""
    kept = world.id_of("U-1")
    with world.database.write() as connection:
        record(
            connection, at=world.clock(), action="sandbox.options", actor="os:test",
            unit=world.unit.name, facts={"me": kept},
        )  # fmt: skip
    assert kept.encode() not in removal.gather(world.database, world.unit).texts


def test_a_search_of_nothing_finds_nothing(database: Database) -> None:
    found = search(database, Traces(1, (), frozenset(), ""), files=True)
    assert found == Searched(found.tables, found.bytes, [])
