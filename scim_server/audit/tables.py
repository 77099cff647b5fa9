"""The audit table."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Table, Text

from scim_server.database.schema import big_key, main

audit_entry = Table(
    "audit_entry",
    main,
    Column("number", big_key(), primary_key=True, autoincrement=True),
    Column("at", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("unit", Text),
    Column("facts", JSON, nullable=False),
    sqlite_autoincrement=True,
)

Index("ix_audit_entry_unit_action", audit_entry.c.unit, audit_entry.c.action)
