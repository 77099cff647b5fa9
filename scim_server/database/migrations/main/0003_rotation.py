"""When a secret was superseded by another; several clients of a unit, by name."""

import sqlalchemy as sa
from alembic import op

revision = "main_0003"
down_revision = "main_0002"
branch_labels = None
depends_on = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("client", sa.Column("name", sa.Text(), nullable=False, server_default="main"))
    op.create_index("ix_client_name", "client", ["unit_id", "name"], unique=True)
    op.add_column("client_secret", sa.Column("superseded", KEY_TEXT, nullable=True))


def downgrade() -> None:
    op.drop_column("client_secret", "superseded")
    op.drop_index("ix_client_name", "client")
    op.drop_column("client", "name")
