"""What was done, in the main database; what was read, in the one that requests write to."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from scim_server.database.schema import big_key, key_text, main, tokens

audit_entry = Table(
    "audit_entry",
    main,
    Column("number", big_key(), primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("unit", Text),
    Column("facts", JSON, nullable=False),
    # The keyed hash over this entry and the hash before it, and the id of the key; an entry from
    # before the chain has neither.
    Column("mac", Text),
    Column("key", Text),
)

Index("ix_audit_entry_unit_action", audit_entry.c.unit, audit_entry.c.action)

# Times are whole seconds since 1970. ``resources`` is a set of ``resource.seq``.
disclosure = Table(
    "disclosure",
    tokens,
    Column("unit_id", Integer, nullable=False),
    Column("client_id", key_text(), nullable=False),
    Column("window", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("resources", LargeBinary, nullable=False),
    PrimaryKeyConstraint("unit_id", "client_id", "window"),
)
