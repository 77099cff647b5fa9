"""Where each unit is pushed to, what Entra ID was given of whom, and the calls that it took."""

import sqlalchemy as sa
from alembic import op

from scim_server.database.schema import big_key, key_text

revision = "main_0006"
down_revision = "main_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbound",
        sa.Column("unit_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("tenant", key_text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("service_principal", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("credential_kind", sa.Text(), nullable=False),
        sa.Column("credential_file", sa.Text(), nullable=False),
        sa.Column("calls_a_day", sa.Integer(), nullable=False),
        sa.Column("login_url", sa.Text(), nullable=False),
        sa.Column("graph_url", sa.Text(), nullable=False),
        sa.Column("phones", sa.Boolean(), nullable=False),
        sa.Column("emails", sa.Boolean(), nullable=False),
        sa.Column("matching", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text()),
        sa.Column("held_until", key_text()),
        sa.Column("log_read", key_text()),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name="fk_inbound_unit_id_unit"),
        sa.PrimaryKeyConstraint("unit_id", name="pk_inbound"),
    )
    op.create_index("ix_inbound_tenant", "inbound", ["tenant"])
    op.create_table(
        "inbound_person",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("seq", big_key(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("offered", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text()),
        sa.Column("change", sa.BigInteger()),
        sa.Column("accepted", sa.Text()),
        sa.Column("refused", sa.Text()),
        sa.Column("result", sa.Text()),
        sa.Column("code", sa.Text()),
        sa.Column("result_at", key_text()),
        sa.ForeignKeyConstraint(
            ["unit_id", "seq"],
            ["resource.unit_id", "resource.seq"],
            name="fk_inbound_person_unit_id_seq_resource",
        ),
        sa.PrimaryKeyConstraint("unit_id", "seq", name="pk_inbound_person"),
    )
    op.create_table(
        "inbound_call",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name="fk_inbound_call_unit_id_unit"),
        sa.PrimaryKeyConstraint("unit_id", "at", name="pk_inbound_call"),
    )


def downgrade() -> None:
    op.drop_table("inbound_call")
    op.drop_table("inbound_person")
    op.drop_index("ix_inbound_tenant", "inbound")
    op.drop_table("inbound")
