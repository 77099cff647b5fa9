"""Many rows at once, as they are given."""

from __future__ import annotations

from sqlalchemy import select

from scim_server.database import Database
from scim_server.database.bulk import load
from scim_server.directory.tables import waypoint
from tests.sandbox import Sandbox


def test_rows_are_loaded_in_the_order_of_the_columns_given(
    sandbox: Sandbox, database: Database
) -> None:
    """Red when ``load`` names the columns in the order of the table."""
    columns = ("seq", "resource_type", "ordinal", "unit_id")
    with database.write() as connection:
        load(connection, waypoint, columns, [(30, "User", 2, sandbox.unit.id)])
        row = connection.execute(select(*[waypoint.c[name] for name in columns])).one()
    assert tuple(row) == (30, "User", 2, sandbox.unit.id)
