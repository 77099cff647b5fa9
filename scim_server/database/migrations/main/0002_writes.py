"""What a unit needs that may be written: passwords, whole elements, groups within groups."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "main_0002"
down_revision = "main_0001"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(JSONB(), "postgresql")
DIRECT, GROUP = '"type":"direct"', '"type":"Group"'


def upgrade() -> None:
    op.add_column("unit", sa.Column("latest", sa.Text(), nullable=False, server_default=""))
    op.execute(
        "UPDATE unit SET latest = coalesce((SELECT max(resource.modified) FROM resource "
        "WHERE resource.unit_id = unit.id), unit.created)"
    )
    op.add_column("resource", sa.Column("password", sa.Text(), nullable=True))
    op.add_column("element", sa.Column("others", DOCUMENT, nullable=True))
    op.add_column("reference", sa.Column("as_group", sa.Text(), nullable=True))
    op.execute(
        f"UPDATE reference SET as_group = fragment, fragment = replace(fragment, '{DIRECT}', "  # noqa: S608
        f"'{GROUP}') WHERE seq IN (SELECT seq FROM resource WHERE resource_type = 'Group')"
    )
    # Not by the unit first: SQLite would take it for the lookups of the foreign key.
    _index_elements("attribute", "unit_id", _beginning(), "seq")
    _make_waypoints("ordinal", "seq")


def downgrade() -> None:
    _make_waypoints("ordinal")
    _index_elements("unit_id", "attribute", "value", "seq")
    op.execute("UPDATE reference SET fragment = as_group WHERE as_group IS NOT NULL")
    op.drop_column("reference", "as_group")
    op.drop_column("element", "others")
    op.drop_column("resource", "password")
    op.drop_column("unit", "latest")


def _index_elements(*columns: str) -> None:
    op.drop_index("ix_element_value", table_name="element")
    op.create_index("ix_element_value", "element", [sa.text(each) for each in columns])


def _beginning() -> str:
    """A value as far as an index holds it."""
    return "left(value, 512)" if op.get_bind().dialect.name == "postgresql" else "value"


def _make_waypoints(*last: str) -> None:
    """The table anew, with another key and what it holds."""
    op.rename_table("waypoint", "waypoint_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX pk_waypoint RENAME TO pk_waypoint_before")
    op.create_table(
        "waypoint",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("resource_type", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_waypoint_unit_id_unit")),
        sa.PrimaryKeyConstraint("unit_id", "resource_type", *last, name=op.f("pk_waypoint")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO waypoint SELECT unit_id, resource_type, ordinal, min(seq) "
        "FROM waypoint_before GROUP BY unit_id, resource_type, ordinal"
    )
    op.drop_table("waypoint_before")
