"""When a secret was superseded by another."""

import sqlalchemy as sa
from alembic import op

revision = "main_0003"
down_revision = "main_0002"
branch_labels = None
depends_on = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("client_secret", sa.Column("superseded", KEY_TEXT, nullable=True))


def downgrade() -> None:
    op.drop_column("client_secret", "superseded")
