"""Groups that go along with a push: what was made in Entra ID, and who was put into them."""

import sqlalchemy as sa
from alembic import op

from scim_server.database.schema import big_key, key_text

revision = "main_0007"
down_revision = "main_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbound", sa.Column("groups", sa.Text(), nullable=False, server_default="none"))
    op.create_table(
        "inbound_account",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("seq", big_key(), nullable=False),
        sa.Column("account", key_text(), nullable=False),
        _of_resource("inbound_account", "seq"),
        sa.PrimaryKeyConstraint("unit_id", "seq", name="pk_inbound_account"),
    )
    op.create_table(
        "inbound_group",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("seq", big_key(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("offered", sa.Text(), nullable=False),
        sa.Column("group_id", key_text()),
        sa.Column("accepted", sa.Text()),
        sa.Column("digest", sa.Text()),
        sa.Column("refused", sa.Text()),
        sa.Column("gone", sa.Text()),
        _of_resource("inbound_group", "seq"),
        sa.PrimaryKeyConstraint("unit_id", "seq", name="pk_inbound_group"),
    )
    op.create_table(
        "inbound_member",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("group_seq", big_key(), nullable=False),
        sa.Column("member_seq", big_key(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _of_resource("inbound_member", "group_seq"),
        _of_resource("inbound_member", "member_seq"),
        sa.PrimaryKeyConstraint("group_seq", "member_seq", name="pk_inbound_member"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_inbound_member_member", "inbound_member", ["member_seq", "group_seq"])


def _of_resource(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["unit_id", column],
        ["resource.unit_id", "resource.seq"],
        name=f"fk_{table}_unit_id_{column}_resource",
    )


def downgrade() -> None:
    op.drop_index("ix_inbound_member_member", "inbound_member")
    op.drop_table("inbound_member")
    op.drop_table("inbound_group")
    op.drop_table("inbound_account")
    op.drop_column("inbound", "groups")
