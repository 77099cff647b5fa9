"""The record shows that it was altered, whatever was done to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from sqlalchemy import delete, insert, select, text, update

from scim_server.audit import anchor, checkpoint, record, whole
from scim_server.audit.chain import Anchor, anchors_in, verify
from scim_server.audit.record import _lock
from scim_server.audit.tables import audit_entry
from scim_server.database import Database, open_database
from scim_server.errors import Refused
from scim_server.keys import keys_for
from tests.school import AUDIT_KEYS, MovedClock

NEWER = keys_for("audit", (b"another master key of 32 bytes..",))


@pytest.fixture
def written(database: Database, clock: MovedClock) -> Database:
    """Six entries, each in a transaction of its own."""
    for number in range(6):
        clock.move(minutes=1)
        with database.write() as connection:
            record(
                connection, at=clock(), action="test.done", actor="os:test", unit="sp12",
                facts={"n": number, "words": ["żółć", None, True], "deep": {"b": 1, "a": 2}},
            )  # fmt: skip
    return database


def problems(database: Database, *anchors: Anchor) -> list[str]:
    with database.read() as connection:
        return verify(whole(connection), AUDIT_KEYS, anchors).problems


def end(database: Database) -> Anchor:
    with database.read() as connection:
        found = anchor(connection)
    assert found
    return found


def test_an_unaltered_record_passes_with_its_anchors(written: Database) -> None:
    """Red when the facts aren't written in one order of names (``OPT_SORT_KEYS``)."""
    assert problems(written, end(written)) == []
    assert [each.number for each in anchors_in(f"{end(written)} and {Anchor(3, 'a' * 64)}")] == [
        6,
        3,
    ]


def test_each_entry_is_numbered_after_the_last(written: Database) -> None:
    with written.read() as connection:
        assert [row["number"] for row in whole(connection)] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2020-01-01T00:00:00.000000Z"), ("action", "test.undone"), ("actor", "os:other"),
        ("unit", "lo3"), ("unit", None), ("facts", {"n": 99}), ("mac", "0" * 64), ("mac", None),
        ("key", "00000000"), ("key", None),
    ],
)  # fmt: skip
def test_an_edited_entry_is_found(written: Database, column: str, value: object) -> None:
    """Red when ``Entry`` loses the column, or ``follow`` passes an entry without a hash."""
    with written.write() as connection:
        connection.execute(
            update(audit_entry).where(audit_entry.c.number == 3).values({column: value})
        )
    assert any("3" in each for each in problems(written)), column


def test_a_renumbered_entry_is_found(written: Database) -> None:
    """Red when the number isn't part of what is hashed."""
    with written.write() as connection:
        connection.execute(update(audit_entry).where(audit_entry.c.number == 6).values(number=7))
    assert problems(written)


def removed(connection: object, number: int) -> None:
    connection.execute(delete(audit_entry).where(audit_entry.c.number == number))  # type: ignore[attr-defined]


@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_removed_entry_is_found(written: Database, number: int) -> None:
    """Red when ``seal`` leaves out the hash before."""
    with written.write() as connection:
        removed(connection, number)
    assert problems(written)


def test_a_removed_entry_is_found_though_those_after_it_moved_up(written: Database) -> None:
    with written.write() as connection:
        removed(connection, 3)
        for number in (4, 5, 6):
            connection.execute(
                update(audit_entry).where(audit_entry.c.number == number).values(number=number - 1)
            )
    assert problems(written)


def test_exchanged_entries_are_found(written: Database) -> None:
    """Red when ``seal`` leaves out the number and the hash before."""
    with written.write() as connection:
        for old, new in ((2, 99), (4, 2), (99, 4)):
            connection.execute(
                update(audit_entry).where(audit_entry.c.number == old).values(number=new)
            )
    assert problems(written)


def test_an_entry_put_in_is_found(written: Database) -> None:
    """Red when the hash isn't keyed, so that anyone can make one."""
    with written.write() as connection:
        row = dict(connection.execute(select(audit_entry)).mappings().first() or {})
        connection.execute(insert(audit_entry).values({**row, "number": 7}))
    assert problems(written)


@pytest.mark.parametrize("left", [0, 1, 5])
def test_an_end_that_was_cut_off_is_found_by_an_anchor(written: Database, left: int) -> None:
    """Red when ``verify`` doesn't miss the anchored entries that never came."""
    kept = end(written)
    with written.write() as connection:
        connection.execute(delete(audit_entry).where(audit_entry.c.number > left))
    assert problems(written) == []  # the chain alone can't tell
    assert problems(written, kept)


def test_an_end_that_was_cut_off_and_written_anew_is_found_by_an_anchor(
    written: Database, clock: MovedClock
) -> None:
    """Red when ``verify`` compares the numbers of anchors alone."""
    kept = end(written)
    with written.write() as connection:
        connection.execute(delete(audit_entry).where(audit_entry.c.number == 6))
        record(connection, at=clock(), action="other.done", actor="os:test", unit=None, facts={})
    assert problems(written) == []
    assert problems(written, kept) == ["Entry 6 isn't the one that was anchored."]


def test_an_entry_and_what_it_tells_stand_or_fall_together(written: Database) -> None:
    """Red when ``record`` writes in a transaction of its own."""
    before = end(written)
    with suppress(ZeroDivisionError), written.write() as connection:
        record(connection, at=MovedClock()(), action="a.b", actor="x", unit=None, facts={})
        raise ZeroDivisionError
    assert end(written) == before


def test_nothing_is_recorded_without_a_key(database_url: str, clock: MovedClock) -> None:
    """Red when ``record`` writes an entry without a hash where it has no key."""
    keyless = open_database(database_url)
    with pytest.raises(IndexError), keyless.write() as connection:
        record(connection, at=clock(), action="a.b", actor="x", unit=None, facts={})
    keyless.close()


def test_writers_of_the_record_wait_for_one_another(written: Database) -> None:
    """Red when ``record`` loses its lock on PostgreSQL."""
    if written.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    with written.write() as first, written.write() as second:
        _lock(first)
        second.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(Exception, match="lock timeout"):
            _lock(second)
        second.rollback()


def test_entries_older_than_the_chain_may_stand_before_it_only(written: Database) -> None:
    """Red when ``follow`` no longer tells that an entry has lost its hash."""
    with written.write() as connection:
        connection.execute(update(audit_entry).where(audit_entry.c.number == 6).values(mac=None))
    assert problems(written) == ["Entry 6 has lost its hash."]


def renewed(database_url: str, *keys: object) -> Database:
    return open_database(database_url, audit_keys=keys)  # type: ignore[arg-type]


@pytest.fixture
def replaced(written: Database, database_url: str, clock: MovedClock) -> Iterator[Database]:
    """The record after its key was replaced, and an entry under the new one."""
    database = renewed(database_url, *NEWER, *AUDIT_KEYS)
    with database.write() as connection:
        checkpoint(connection, NEWER + AUDIT_KEYS, at=clock(), actor="os:test")
    with database.write() as connection:
        record(connection, at=clock(), action="a.b", actor="x", unit=None, facts={})
    yield database
    database.close()


def test_a_checkpoint_vouches_for_what_an_old_key_sealed(replaced: Database) -> None:
    """Red when ``follow`` no longer lets a checkpoint vouch for entries of an unknown key."""
    with replaced.read() as connection:
        assert verify(whole(connection), NEWER, ()).problems == []
        assert verify(whole(connection), NEWER + AUDIT_KEYS, ()).problems == []


Change = Callable[[Database], None]


@pytest.mark.parametrize("number", [1, 4, 6])
def test_what_is_altered_before_a_checkpoint_is_found_without_the_old_key(
    replaced: Database, number: int
) -> None:
    """Red when a checkpoint's digest isn't compared."""
    with replaced.write() as connection:
        connection.execute(
            update(audit_entry).where(audit_entry.c.number == number).values(actor="os:other")
        )
    with replaced.read() as connection:
        assert verify(whole(connection), NEWER, ()).problems


def test_entries_under_an_unknown_key_are_told(written: Database) -> None:
    """Red when entries of an unknown key pass without a checkpoint."""
    with written.read() as connection:
        (problem,) = verify(whole(connection), NEWER, ()).problems
    assert problem.startswith("Entries 1 to 6 are under a master key that isn't given.")


def test_no_checkpoint_vouches_for_a_record_that_was_altered(
    written: Database, clock: MovedClock
) -> None:
    """Red when ``checkpoint`` doesn't verify first."""
    with written.write() as connection:
        removed(connection, 2)
    with pytest.raises(Refused, match="isn't what was written"), written.write() as connection:
        checkpoint(connection, AUDIT_KEYS, at=clock(), actor="os:test")
    with written.read() as connection:
        assert len(list(whole(connection))) == 5
