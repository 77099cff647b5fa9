"""Migrations: up, down and up again, one at a time, and never past a schema that isn't ours."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, select, text
from sqlalchemy.exc import SQLAlchemyError

from scim_server.database import Database, open_database, schema
from scim_server.database.migrating import (
    _config,
    check_schema,
    downgrade,
    set_up,
    upgrade,
)
from scim_server.directory.tables import resource, unit
from scim_server.errors import DatabaseUnavailable
from tests.school import World


def _differences(engine: Engine, metadata: MetaData, others: set[str]) -> list[Any]:
    def ours(name: str | None, kind: str, _parents: Any) -> bool:
        hidden = kind == "table" and str(name).startswith(("resource_text", "schema_version"))
        by_hand = {"ix_resource_text", "ix_element_value"}
        return not hidden and name not in by_hand | others

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": ours})
        return list(compare_metadata(context, metadata))


def test_the_migrated_schema_is_the_one_that_the_code_declares(database: Database) -> None:
    main, tokens = set(schema.main.tables), set(schema.tokens.tables)
    assert _differences(database.main, schema.main, tokens) == []
    assert _differences(database.tokens, schema.tokens, main) == []


def test_down_and_up_again_ends_in_the_same_schema(world: World) -> None:
    database = world.database
    database.reader.close()
    database.token_reader.close()
    downgrade(database, "base")
    with pytest.raises(DatabaseUnavailable, match="database upgrade"):
        check_schema(database)
    upgrade(database)
    check_schema(database)
    with database.read() as connection:
        assert connection.execute(select(unit)).all() == []


def test_upgrading_again_keeps_the_data(world: World) -> None:
    before = world.list("/", count=100)["Resources"]
    upgrade(world.database)
    assert world.list("/", count=100)["Resources"] == before


def test_a_school_is_served_alike_after_one_step_down_and_up(world: World) -> None:
    """Red when ``0002_writes`` forgets how a group or a user is listed, or where pages begin."""
    database = world.database
    before = world.list("/", count=100)["Resources"], world.list("/Users", startIndex=3, count=2)
    database.close()
    with database.main.execution_options(writes=True).begin() as connection:
        command.downgrade(_config("main", connection), "main_0001")
    with pytest.raises(DatabaseUnavailable, match="database upgrade"):
        check_schema(database)
    upgrade(database)
    after = world.list("/", count=100)["Resources"], world.list("/Users", startIndex=3, count=2)
    assert after == before
    with database.read() as connection:
        latest = connection.scalar(select(unit.c.latest))
    assert latest == max(each["meta"]["lastModified"] for each in after[0])


def test_of_two_that_upgrade_at_once_one_waits_for_the_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    databases = [open_database(url), open_database(url)]
    failures: list[BaseException] = []

    def run(database: Database) -> None:
        try:
            upgrade(database)
            check_schema(database)
        except (SQLAlchemyError, DatabaseUnavailable) as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in databases:
        each.close()
    assert failures == []


def test_a_newer_schema_is_refused(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE schema_version_main SET version_num = 'main_9999'"))
    with pytest.raises(DatabaseUnavailable, match="newer scim-server"):
        check_schema(database)


def test_an_older_schema_is_refused_and_not_upgraded_by_itself(database: Database) -> None:
    """Red when ``set_up`` upgrades a part that isn't empty."""
    with database.write() as connection:
        connection.execute(text("DELETE FROM schema_version_main"))
    set_up(database)
    with pytest.raises(DatabaseUnavailable, match="scim-server database upgrade"):
        check_schema(database)


def test_a_lost_file_of_tokens_is_made_anew(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/school.db"
    first = open_database(url)
    set_up(first)
    first.close()
    for each in tmp_path.glob("school-tokens.db*"):
        each.unlink()
    second = open_database(url)
    set_up(second)
    check_schema(second)
    second.close()


def test_the_trigram_index_follows_every_change(world: World) -> None:
    """Red when a trigger of the first migration is missing."""
    with world.database.write() as connection:
        connection.execute(
            resource.update().where(resource.c.external_id == "U-5").values(text="zmieniony")
        )
        if world.database.is_sqlite:
            statement = "SELECT rowid FROM resource_text WHERE resource_text MATCH '\"zmien\"'"
            assert len(connection.execute(text(statement)).all()) == 1
            statement = "INSERT INTO resource_text (resource_text) VALUES ('integrity-check')"
            connection.execute(text(statement))
