"""Credentials of several kinds, each under a named key; audit entries in a chain."""

import sqlalchemy as sa
from alembic import op

revision = "main_0004"
down_revision = "main_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_client_secret_client_id", "client_secret")
    op.rename_table("client_secret", "credential")
    with op.batch_alter_table("credential") as table:
        table.add_column(sa.Column("kind", sa.Text(), nullable=False, server_default="secret"))
        table.add_column(sa.Column("key", sa.Text()))
        table.add_column(sa.Column("terms", sa.JSON()))
        table.alter_column("digest", existing_type=sa.Text(), nullable=True)
    op.create_index("ix_credential_client_id", "credential", ["client_id"])
    op.add_column("audit_entry", sa.Column("mac", sa.Text()))
    op.add_column("audit_entry", sa.Column("key", sa.Text()))


def downgrade() -> None:
    op.drop_column("audit_entry", "key")
    op.drop_column("audit_entry", "mac")
    op.drop_index("ix_credential_client_id", "credential")
    op.execute("DELETE FROM credential WHERE kind <> 'secret'")
    with op.batch_alter_table("credential") as table:
        table.drop_column("kind")
        table.drop_column("key")
        table.drop_column("terms")
        table.alter_column("digest", existing_type=sa.Text(), nullable=False)
    op.rename_table("credential", "client_secret")
    op.create_index("ix_client_secret_client_id", "client_secret", ["client_id"])
