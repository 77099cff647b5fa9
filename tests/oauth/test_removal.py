"""A unit that is removed is gone: every row, every token, and nothing of its neighbour."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Integer,
    LargeBinary,
    Table,
    func,
    insert,
    select,
    text,
)

from scim_server.audit import record, whole
from scim_server.audit.chain import verify
from scim_server.database import schema
from scim_server.directory.changes import Changes
from scim_server.directory.erasing import belonging
from scim_server.directory.resources import Address
from scim_server.directory.tables import resource, school
from scim_server.directory.units import Unit, unit_named
from scim_server.errors import BadInput, Unauthenticated
from scim_server.oauth import clients, removal
from scim_server.oauth.secrets import secret_id
from scim_server.oauth.tables import access_token, secret_use, sent_notice
from tests.isolation.neighbour import neighbour_of
from tests.oauth.asking import GRANT, ask, error, in_body, own
from tests.sandbox import Sandbox
from tests.school import AUDIT_KEYS, EMPLOYEES, PUPILS, World, add_school
from tests.scim.answers import fails, stable

TABLES = (*schema.main.tables.values(), *schema.tokens.tables.values())
PATHS = ("", "/Users", "/Groups", "/Users?startIndex=3&count=2", "/Users?filter=id%20pr&count=0")


def remove(world: World | Sandbox) -> dict[str, int]:
    return removal.remove(world.database, world.unit, now=world.clock(), actor="os:test")


def rows(world: World, unit_id: int) -> dict[str, list[Any]]:
    """Every row of a unit in both databases, by table."""
    found = {}
    for metadata, engine in (
        (schema.main, world.database.main),
        (schema.tokens, world.database.tokens),
    ):
        with engine.connect() as connection:
            for table, owned in belonging(metadata, unit_id).items():
                rows = connection.execute(select(table).where(owned))
                found[table.name] = sorted(map(str, rows))
    return found


def fill(world: World, unit: Unit) -> None:
    """At least one row of the unit in every table that may hold one."""
    for table in TABLES:
        engine = world.database.main if table.metadata is schema.main else world.database.tokens
        with engine.execution_options(writes=True).begin() as connection:
            if "unit_id" in table.c and not _count(connection, table, unit):
                connection.execute(insert(table).values(_made_up(connection, table, unit)))


def _count(connection: Connection, table: Table, unit: Unit) -> int:
    query = select(func.count()).select_from(table).where(table.c.unit_id == unit.id)
    return connection.scalar(query) or 0


def _made_up(connection: Connection, table: Table, unit: Unit) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column in table.c:
        if any(key.column is resource.c.seq for key in column.foreign_keys):
            own = select(func.min(resource.c.seq)).where(resource.c.unit_id == unit.id)
            values[column.name] = connection.scalar(own)
        elif isinstance(column.type, LargeBinary):
            values[column.name] = b"x"
        elif isinstance(column.type, Boolean):
            values[column.name] = True
        else:
            values[column.name] = 1 if isinstance(column.type, Integer | BigInteger) else "x"
    return values | {"unit_id": unit.id}


def test_every_table_with_a_unit_is_erased_and_the_neighbour_keeps_every_row(world: World) -> None:
    """Red when ``belonging`` leaves a table out, such as one without ``unit_id`` that hangs on one
    with it, or when ``erase`` deletes without ``where(own)``.
    """
    other = neighbour_of(world)
    for unit in (world.unit, other.unit):
        fill(world, unit)
    before = rows(world, other.unit.id)
    named = {table.name for table in TABLES if "unit_id" in table.c} | {"unit", "credential"}
    assert {name for name, found in rows(world, world.unit.id).items() if found} == named
    answers = [stable(other.get(path)) for path in PATHS]

    remove(world)

    assert not any(rows(world, world.unit.id).values())
    assert rows(world, other.unit.id) == before
    assert [stable(other.get(path)) for path in PATHS] == answers


def test_no_use_and_no_notice_of_its_secrets_is_kept(world: World) -> None:
    """Red when ``_erase_tokens`` erases the tables with ``unit_id`` alone."""
    other = neighbour_of(world)
    for each in (world, other):
        each.get("/Users")
        with world.database.write_tokens() as connection:
            notice = f"credential.expiring:{secret_id(each.credentials.client_secret)}:30"
            connection.execute(insert(sent_notice).values(notice=notice, at=1))
    remove(world)
    kept = secret_id(other.credentials.client_secret)
    with world.database.tokens.connect() as connection:
        assert connection.scalars(select(secret_use.c.secret_id)).all() == [kept]
        (notice,) = connection.scalars(select(sent_notice.c.notice)).all()
    assert str(kept) in notice


def test_live_tokens_are_refused_at_once_and_the_client_is_unknown(world: World) -> None:
    """Red when ``remove`` erases the tokens alone: the client would get itself another."""
    assert world.get("/Users").status_code == 200
    remove(world)
    for path in PATHS:
        answer = world.get(path)
        fails(answer, 401)
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    error(ask(world, GRANT | in_body(*own(world))), 401, "invalid_client")


def test_the_name_can_be_used_again_and_opens_nothing_of_the_old_unit(world: World) -> None:
    """Red when ``remove`` erases the tokens alone: the name would be in use."""
    old = [each["id"] for each in world.list("/")["Resources"]]
    remove(world)
    world.unit, issued = add_school(world.database, world.settings, world.clock)
    world.import_files()
    world.decide("SP 12", True)
    fails(world.get("/Users"), 401)
    error(ask(world, GRANT | in_body(*own(world))), 401, "invalid_client")
    answer = ask(world, GRANT | in_body(issued.client_id, issued.client_secret))
    world.token = answer.get_json()["access_token"]
    assert {each["id"] for each in world.list("/")["Resources"]}.isdisjoint(old)


def test_one_entry_of_figures_stays_and_the_record_is_whole(world: World) -> None:
    """Red when the entry is written to another transaction, or with anything else in it."""
    had = remove(world)
    assert had == {"people": 7, "groups": 3, "schools": 2, "clients": 1}
    with world.database.read() as connection:
        kept = list(whole(connection))
    assert [each["action"] for each in kept].count("unit.removed") == 1
    assert kept[-1]["facts"] == {"kind": "register", **had}
    assert verify(kept, AUDIT_KEYS, ()).problems == []
    told = str(kept).casefold()
    for line in (PUPILS + EMPLOYEES).splitlines():
        if line[:2] in ("U-", "P-"):
            for value in filter(None, line.split(";")[1:4]):
                assert value.casefold() not in told


def test_a_failure_in_the_middle_leaves_the_unit_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when the deletions are committed before the entry is written."""
    before = rows(world, world.unit.id)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(removal, "record", fail)
    with pytest.raises(RuntimeError):
        remove(world)
    after = rows(world, world.unit.id)
    assert after.pop("access_token") == []
    assert after == {name: found for name, found in before.items() if name != "access_token"}


def test_a_token_that_was_got_meanwhile_is_erased_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``remove`` erases the tokens once."""

    def got_meanwhile(connection: Connection, **given: Any) -> None:
        assert ask(world, GRANT | in_body(*own(world))).status_code == 200
        record(connection, **given)

    monkeypatch.setattr(removal, "record", got_meanwhile)
    remove(world)
    with world.database.tokens.connect() as connection:
        assert connection.scalars(select(access_token.c.digest)).all() == []
        assert connection.scalars(select(secret_use.c.secret_id)).all() == []


def test_a_unit_that_somebody_else_removed_is_told(world: World) -> None:
    """Red when ``_lock`` doesn't look whether the unit is there, or looks by its number alone."""
    remove(world)
    with pytest.raises(BadInput, match="any longer"):
        remove(world)
    add_school(world.database, world.settings, world.clock)
    with pytest.raises(BadInput, match="any longer"):
        remove(world)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whoever_adds_to_the_unit_meanwhile_is_waited_for(world: World) -> None:
    """Red when ``_lock`` looks without ``with_for_update()``: the school would be added after the
    others were erased, and hold the unit.
    """
    engine = world.database.main
    with ThreadPoolExecutor(1) as pool, engine.connect() as adding, engine.connect() as watching:
        adding.execute(insert(school).values(unit_id=world.unit.id, name="x", synchronised=False))
        removing = pool.submit(remove, world)
        while not _waiting(watching) and not removing.done():
            watching.rollback()
        adding.commit()
        assert removing.result()["schools"] == 3
    assert not any(rows(world, world.unit.id).values())


def _waiting(connection: Connection) -> int:
    """How many others wait for a lock."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return int(connection.scalar(query) or 0)


def test_what_a_late_request_wrote_down_is_swept_away(world: World) -> None:
    """Red when ``sweep`` does nothing, or sweeps what belongs to a unit that lives."""
    other = neighbour_of(world)
    fill(world, other.unit)
    with world.database.tokens.connect() as connection:
        tokens = connection.execute(select(access_token)).mappings().all()
        uses = connection.execute(select(secret_use)).mappings().all()
    kept = rows(world, other.unit.id)
    remove(world)
    own_tokens = [row for row in tokens if row["unit_id"] == world.unit.id]
    own_uses = [row for row in uses if row["secret_id"] == own_tokens[0]["secret_id"]]
    with world.database.write_tokens() as connection:
        connection.execute(insert(access_token), [dict(row) for row in own_tokens])
        connection.execute(insert(secret_use), [dict(row) for row in own_uses])

    removal.sweep(world.database)

    assert not any(rows(world, world.unit.id).values())
    assert rows(world, other.unit.id) == kept
    with world.database.tokens.connect() as connection:
        left = set(connection.scalars(select(secret_use.c.secret_id)))
    assert left == {secret_id(other.credentials.client_secret)}


def test_a_sandbox_is_removed_with_all_that_was_written_to_it(sandbox: Sandbox) -> None:
    user = sandbox.user(password="a password of many words")
    sandbox.group("7a", user["id"], "00000000-0000-4000-8000-000000000000")
    assert remove(sandbox) == {"people": 1, "groups": 1, "schools": 0, "clients": 1}
    fails(sandbox.get("/Users"), 401)
    with sandbox.database.read() as connection, pytest.raises(BadInput, match="no unit"):
        unit_named(connection, sandbox.unit.name)


def test_a_unit_with_several_clients_loses_them_all(world: World) -> None:
    with world.database.write() as connection:
        clients.add(connection, world.unit, "sds", now=world.clock(), actor="os:test")
    assert remove(world)["clients"] == 2


def test_a_write_on_its_way_while_its_unit_is_removed_is_refused(sandbox: Sandbox) -> None:
    """Red when ``Changes.begin`` takes for granted that the unit is still there."""
    changes = Changes(sandbox.database, sandbox.clock)
    address = Address(sandbox.unit.id, "http://127.0.0.1:8000/sandbox/scim/v2")
    remove(sandbox)
    with pytest.raises(Unauthenticated, match="was removed"), changes.begin(address):
        pass
