"""Compiled statements are kept, but not every one that a client can think of."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import literal, select

from scim_server.database import Statements, open_database


def test_a_statement_is_compiled_once_and_the_oldest_are_forgotten(tmp_path: Path) -> None:
    """Red when ``Statements.get`` keeps whatever it compiled."""
    database = open_database(f"sqlite:///{tmp_path}/empty.db")
    statements = Statements(database.main)
    first = statements.get(0, lambda: select(literal(0)))
    assert statements.get(0, lambda: select(literal(1))) is first
    for key in range(1, 3_000):
        statements.get(key, lambda: select(literal(1)))
    assert len(statements) == 1_000
    assert statements.get(0, lambda: select(literal(1))) is not first
    database.close()
