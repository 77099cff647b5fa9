"""What a roster's delta needs: when a resource itself changed, when a membership began or ended."""

import sqlalchemy as sa
from alembic import op

revision = "main_0005"
down_revision = "main_0004"
branch_labels = None
depends_on = None

STAMP = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LATEST = "coalesce((SELECT unit.latest FROM unit WHERE unit.id = {}.unit_id), '')"


def upgrade() -> None:
    """Of what is stored already it isn't known; nothing is dated later than the last change."""
    for table, column in (("resource", "edited"), ("membership", "since")):
        op.add_column(table, sa.Column(column, STAMP, nullable=False, server_default=""))
        op.execute(f"UPDATE {table} SET {column} = {_LATEST.format(table)}")  # noqa: S608
    op.create_index(
        "ix_resource_edited", "resource", ["unit_id", "resource_type", "served", "edited"]
    )
    op.create_table(
        "former_membership",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("group_seq", KEY, nullable=False),
        sa.Column("member_seq", KEY, nullable=False),
        sa.Column("ended", STAMP, nullable=False),
        sa.PrimaryKeyConstraint("group_seq", "member_seq", name="pk_former_membership"),
        sa.ForeignKeyConstraint(
            ["unit_id", "group_seq"],
            ["resource.unit_id", "resource.seq"],
            name="fk_former_membership_unit_id_group_seq_resource",
        ),
        sa.ForeignKeyConstraint(
            ["unit_id", "member_seq"],
            ["resource.unit_id", "resource.seq"],
            name="fk_former_membership_unit_id_member_seq_resource",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_former_membership_ended", "former_membership", ["unit_id", "ended"])
    op.create_index("ix_former_membership_member", "former_membership", ["member_seq", "group_seq"])


def downgrade() -> None:
    op.drop_table("former_membership")
    op.execute("DELETE FROM waypoint WHERE resource_type = 'Membership'")
    op.execute("DELETE FROM population WHERE resource_type = 'Membership'")
    op.drop_column("membership", "since")
    op.drop_index("ix_resource_edited", "resource")
    op.drop_column("resource", "edited")
