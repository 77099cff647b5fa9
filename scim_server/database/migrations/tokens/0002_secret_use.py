"""The last use of each secret, which is recorded anew: the client's doesn't tell which it was."""

import sqlalchemy as sa
from alembic import op

revision = "tokens_0002"
down_revision = "tokens_0001"
branch_labels = None
depends_on = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _make("secret_use", "secret_id")
    op.drop_table("client_use")


def downgrade() -> None:
    _make("client_use", "client_id")
    op.drop_table("secret_use")


def _make(table: str, key: str) -> None:
    op.create_table(
        table,
        sa.Column(key, KEY_TEXT, nullable=False),
        sa.Column("last_token", sa.BigInteger(), nullable=True),
        sa.Column("last_read", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
    )
