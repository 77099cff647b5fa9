"""Transactions and reads: writers take turns, readers only read, a lost connection is replaced."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from scim_server.database import Database, open_database, reading
from scim_server.directory.tables import membership, resource, unit
from scim_server.errors import BadEnvironment, DatabaseUnavailable
from tests.school import World, add_school


def test_sqlite_is_durable_and_checks_its_references(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/school.db")
    with database.main.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    database.close()
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


def test_sqlite_files_are_their_owners_alone(tmp_path: Path) -> None:
    """Red when ``_create_private`` isn't called."""
    open_database(f"sqlite:///{tmp_path}/school.db").close()
    modes = {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.glob("*.db")}
    assert modes == {0o600}


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadEnvironment, match="can't be opened"):
        open_database(f"sqlite:///{tmp_path}/file/school.db")


def test_writers_that_read_first_take_turns(world: World) -> None:
    """Red when ``write`` begins without IMMEDIATE: the database would be locked at once."""
    database, failures = world.database, []

    def count_up() -> None:
        try:
            for _ in range(10):
                with database.write() as connection:
                    query = select(unit.c.change).where(unit.c.id == world.unit.id)
                    now = connection.scalar(query.with_for_update()) or 0
                    connection.execute(unit.update().values(change=now + 1))
        except SQLAlchemyError as error:
            failures.append(error)

    with database.read() as connection:
        before = connection.scalar(select(unit.c.change)) or 0
    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read() as connection:
        assert connection.scalar(select(unit.c.change)) == before + 40


def test_a_failed_write_is_rolled_back(world: World) -> None:
    def fail() -> None:
        with world.database.write() as connection:
            connection.execute(unit.update().values(domain="changed"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with world.database.read() as connection:
        assert connection.scalar(select(unit.c.domain)) == "sp12.example.pl"


def test_a_membership_across_units_is_refused_by_the_database(world: World) -> None:
    """Red when the foreign keys of ``membership`` don't carry ``unit_id``."""
    other, _ = add_school(world.database, world.settings, world.clock, "sp13")
    with world.database.read() as connection:
        seqs = connection.scalars(select(resource.c.seq).order_by(resource.c.seq)).all()
    row = {"unit_id": other.id, "group_seq": seqs[-1], "member_seq": seqs[0], "since": ""}

    def join() -> None:
        with world.database.write() as connection:
            connection.execute(insert(membership).values(row))

    with pytest.raises(IntegrityError):
        join()


def test_the_reader_of_sqlite_cannot_write(world: World) -> None:
    """Red when ``query_only`` isn't set."""
    if not world.database.is_sqlite:
        return
    reader = world.database.reader
    statement = reader.prepare(unit.update().values(domain="changed"))
    with pytest.raises(DatabaseUnavailable):
        reader.rows(statement, {})


def test_a_lost_connection_is_replaced(world: World, database_url: str) -> None:
    """Red when ``rows`` doesn't try again."""
    if world.database.is_sqlite:
        return
    assert world.get("/Users").status_code == 200
    ours = "datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")
    assert world.get("/Users").status_code == 200


def test_a_statement_over_the_time_limit_is_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when the progress handler or the statement timeout isn't set."""
    database = world.database
    monkeypatch.setattr(reading, "_STATEMENT_SECONDS", 0)
    monkeypatch.setattr(reading, "_PROGRESS_STEPS", 1_000)
    monkeypatch.setattr(reading, "_POSTGRESQL_SETTINGS", ("statement_timeout = '1ms'",))
    database.reader.close()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with pytest.raises(DatabaseUnavailable, match="longer than"):
        database.reader.rows(database.reader.prepare(text(endless)), {})


def test_postgresql_keeps_tokens_in_the_same_database(database: Database) -> None:
    assert (database.tokens is database.main) is (not database.is_sqlite)
