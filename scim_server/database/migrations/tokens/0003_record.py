"""What was read, which assertions were used, and which notices were sent."""

import sqlalchemy as sa
from alembic import op

revision = "tokens_0003"
down_revision = "tokens_0002"
branch_labels = None
depends_on = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "used_assertion",
        sa.Column("digest", KEY_TEXT, nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_used_assertion")),
    )
    op.create_table(
        "sent_notice",
        sa.Column("notice", KEY_TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger()),
        sa.PrimaryKeyConstraint("notice", name=op.f("pk_sent_notice")),
    )
    op.create_table(
        "disclosure",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("client_id", KEY_TEXT, nullable=False),
        sa.Column("window", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("resources", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id", "client_id", "window", name=op.f("pk_disclosure")),
    )


def downgrade() -> None:
    for table in ("disclosure", "sent_notice", "used_assertion"):
        op.drop_table(table)
