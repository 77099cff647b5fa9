"""Erasing what belongs to a unit: whole sets of rows, found from the tables themselves.

A row belongs to the unit that its ``unit_id`` names, and to the unit of whatever it hangs on by a
foreign key; so a table that comes later is erased without being named here.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, MetaData, Table, delete, func, select

from scim_server.database import schema
from scim_server.database.bulk import measure
from scim_server.directory.tables import resource, unit


def belonging(metadata: MetaData, unit_id: int) -> dict[Table, ColumnElement[bool]]:
    """The tables that hold rows of a unit, dependants first, each with what tells these rows."""
    found: dict[Table, ColumnElement[bool]] = {}
    for table in metadata.sorted_tables:
        if table is unit:
            found[table] = unit.c.id == unit_id
        elif "unit_id" in table.c:
            found[table] = table.c.unit_id == unit_id
        else:
            for key in table.foreign_keys:
                above = key.column
                if above.table in found:
                    found[table] = key.parent.in_(select(above).where(found[above.table]))
    return dict(reversed(found.items()))


def erase(connection: Connection, metadata: MetaData, unit_id: int) -> None:
    """Delete every row of the unit in the tables of ``metadata``; the unit's own is the last."""
    _delete(connection, belonging(metadata, unit_id))


def erase_resources(connection: Connection, unit_id: int) -> int:
    """Delete the unit's resources with all that hangs on them; returns how many were served."""
    served = select(func.count()).select_from(resource)
    count = connection.scalar(served.where(resource.c.unit_id == unit_id, resource.c.served)) or 0
    of_resources = {
        table: own
        for table, own in belonging(schema.main, unit_id).items()
        if table is resource or resource in {key.column.table for key in table.foreign_keys}
    }
    _delete(connection, of_resources)
    return count


def _delete(connection: Connection, rows: dict[Table, ColumnElement[bool]]) -> None:
    # The foreign keys' own lookups are planned by what was known of the tables when they began.
    measure(connection, *rows)
    for table, own in rows.items():
        connection.execute(delete(table).where(own))
