"""The first schema of the token database."""

import sqlalchemy as sa
from alembic import op

revision = "tokens_0001"
down_revision = None
branch_labels = None
depends_on = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "access_token",
        sa.Column("digest", KEY_TEXT, nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("secret_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_access_token")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_access_token_expires", "access_token", ["expires"], unique=False)
    op.create_table(
        "client_use",
        sa.Column("client_id", KEY_TEXT, nullable=False),
        sa.Column("last_token", sa.BigInteger(), nullable=True),
        sa.Column("last_read", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client_use")),
    )


def downgrade() -> None:
    op.drop_table("client_use")
    op.drop_index("ix_access_token_expires", table_name="access_token")
    op.drop_table("access_token")
