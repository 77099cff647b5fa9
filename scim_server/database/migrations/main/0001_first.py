"""The first schema of the main database."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "main_0001"
down_revision = None
branch_labels = None
depends_on = None

KEY_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("number", BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_entry")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_entry_unit_action", "audit_entry", ["unit", "action"], unique=False)
    op.create_table(
        "unit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("publishes", sa.Boolean(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.Text(), nullable=False),
        sa.Column("imported", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("name", name=op.f("uq_unit_name")),
    )
    op.create_table(
        "client",
        sa.Column("id", KEY_TEXT, nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_client_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
    )
    op.create_table(
        "population",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("resource_type", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_population_unit_id_unit")),
        sa.PrimaryKeyConstraint("unit_id", "resource_type", name=op.f("pk_population")),
    )
    op.create_table(
        "resource",
        sa.Column("seq", BIG_KEY, autoincrement=True, nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("resource_type", sa.Text(), nullable=False),
        sa.Column("served", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("id", KEY_TEXT, nullable=False),
        sa.Column("external_id", KEY_TEXT, nullable=True),
        sa.Column("user_name", KEY_TEXT, nullable=True),
        sa.Column("display_name", KEY_TEXT, nullable=True),
        sa.Column("family_name", KEY_TEXT, nullable=True),
        sa.Column("given_name", KEY_TEXT, nullable=True),
        sa.Column("user_type", KEY_TEXT, nullable=True),
        sa.Column("created", KEY_TEXT, nullable=False),
        sa.Column("modified", KEY_TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("text", KEY_TEXT, nullable=False),
        sa.Column("folded", DOCUMENT, nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_resource_unit_id_unit")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_resource")),
        sa.UniqueConstraint("unit_id", "id", name=op.f("uq_resource_unit_id_id")),
        sa.UniqueConstraint("unit_id", "seq", name=op.f("uq_resource_unit_id_seq")),
        sa.UniqueConstraint("unit_id", "user_name", name=op.f("uq_resource_unit_id_user_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_resource_display_name",
        "resource",
        ["unit_id", "resource_type", "served", "display_name"],
        unique=False,
    )
    op.create_index(
        "ix_resource_external_id",
        "resource",
        ["unit_id", "resource_type", "served", "external_id"],
        unique=False,
    )
    op.create_index(
        "ix_resource_family_name",
        "resource",
        ["unit_id", "resource_type", "served", "family_name"],
        unique=False,
    )
    op.create_index(
        "ix_resource_given_name",
        "resource",
        ["unit_id", "resource_type", "served", "given_name"],
        unique=False,
    )
    op.create_index(
        "ix_resource_modified",
        "resource",
        ["unit_id", "resource_type", "served", "modified"],
        unique=False,
    )
    op.create_index(
        "ix_resource_active",
        "resource",
        ["unit_id", "resource_type", "served", "active"],
        unique=False,
    )
    op.create_index(
        "ix_resource_user_type",
        "resource",
        ["unit_id", "resource_type", "served", "user_type"],
        unique=False,
    )
    op.create_index(
        "ix_resource_page", "resource", ["unit_id", "resource_type", "served", "seq"], unique=False
    )
    op.create_index(
        "ix_resource_user_name",
        "resource",
        ["unit_id", "resource_type", "served", "user_name"],
        unique=False,
    )
    op.create_table(
        "school",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("synchronised", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_school_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school")),
        sa.UniqueConstraint("unit_id", "id", name=op.f("uq_school_unit_id_id")),
        sa.UniqueConstraint("unit_id", "name", name=op.f("uq_school_unit_id_name")),
    )
    op.create_table(
        "waypoint",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("resource_type", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_waypoint_unit_id_unit")),
        sa.PrimaryKeyConstraint("unit_id", "resource_type", "ordinal", name=op.f("pk_waypoint")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "client_secret",
        sa.Column("id", KEY_TEXT, nullable=False),
        sa.Column("client_id", KEY_TEXT, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created", sa.Text(), nullable=False),
        sa.Column("expires", KEY_TEXT, nullable=False),
        sa.Column("revoked", KEY_TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_client_secret_client_id_client")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_secret")),
    )
    op.create_index(
        op.f("ix_client_secret_client_id"), "client_secret", ["client_id"], unique=False
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("synchronised", sa.Boolean(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id", "school_id"],
            ["school.unit_id", "school.id"],
            name=op.f("fk_decision_unit_id_school_id_school"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_table(
        "element",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("seq", BIG_KEY, nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("value", KEY_TEXT, nullable=True),
        sa.Column("type", KEY_TEXT, nullable=True),
        sa.Column("display", KEY_TEXT, nullable=True),
        sa.Column("primary", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["unit_id", "seq"],
            ["resource.unit_id", "resource.seq"],
            name=op.f("fk_element_unit_id_seq_resource"),
        ),
        sa.PrimaryKeyConstraint("seq", "attribute", "position", name=op.f("pk_element")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_element_value", "element", ["unit_id", "attribute", "value", "seq"], unique=False
    )
    op.create_table(
        "membership",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("group_seq", BIG_KEY, nullable=False),
        sa.Column("member_seq", BIG_KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id", "group_seq"],
            ["resource.unit_id", "resource.seq"],
            name=op.f("fk_membership_unit_id_group_seq_resource"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_id", "member_seq"],
            ["resource.unit_id", "resource.seq"],
            name=op.f("fk_membership_unit_id_member_seq_resource"),
        ),
        sa.PrimaryKeyConstraint("group_seq", "member_seq", name=op.f("pk_membership")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_membership_member", "membership", ["member_seq", "group_seq"], unique=False)
    op.create_table(
        "reference",
        sa.Column("seq", BIG_KEY, autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("served", sa.Boolean(), nullable=False),
        sa.Column("fragment", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id", "seq"],
            ["resource.unit_id", "resource.seq"],
            name=op.f("fk_reference_unit_id_seq_resource"),
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_reference")),
    )
    op.create_table(
        "resource_school",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("seq", BIG_KEY, nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id", "school_id"],
            ["school.unit_id", "school.id"],
            name=op.f("fk_resource_school_unit_id_school_id_school"),
        ),
        sa.ForeignKeyConstraint(
            ["unit_id", "seq"],
            ["resource.unit_id", "resource.seq"],
            name=op.f("fk_resource_school_unit_id_seq_resource"),
        ),
        sa.PrimaryKeyConstraint("seq", "school_id", name=op.f("pk_resource_school")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_resource_school_school", "resource_school", ["school_id", "seq"], unique=False
    )
    _create_trigram_index()


def downgrade() -> None:
    _drop_trigram_index()
    op.drop_index("ix_resource_school_school", table_name="resource_school")
    op.drop_table("resource_school")
    op.drop_table("reference")
    op.drop_index("ix_membership_member", table_name="membership")
    op.drop_table("membership")
    op.drop_index("ix_element_value", table_name="element")
    op.drop_table("element")
    op.drop_table("decision")
    op.drop_index(op.f("ix_client_secret_client_id"), table_name="client_secret")
    op.drop_table("client_secret")
    op.drop_table("waypoint")
    op.drop_table("school")
    op.drop_index("ix_resource_user_name", table_name="resource")
    op.drop_index("ix_resource_page", table_name="resource")
    op.drop_index("ix_resource_modified", table_name="resource")
    op.drop_index("ix_resource_user_type", table_name="resource")
    op.drop_index("ix_resource_active", table_name="resource")
    op.drop_index("ix_resource_given_name", table_name="resource")
    op.drop_index("ix_resource_family_name", table_name="resource")
    op.drop_index("ix_resource_external_id", table_name="resource")
    op.drop_index("ix_resource_display_name", table_name="resource")
    op.drop_table("resource")
    op.drop_table("population")
    op.drop_table("client")
    op.drop_table("unit")
    op.drop_index("ix_audit_entry_unit_action", table_name="audit_entry")
    op.drop_table("audit_entry")


def _create_trigram_index() -> None:
    """What ``co`` looks into: FTS5 kept in step by triggers, or pg_trgm."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        op.execute("CREATE INDEX ix_resource_text ON resource USING gin (text gin_trgm_ops)")
        return
    op.execute(
        "CREATE VIRTUAL TABLE resource_text USING fts5(text, content='resource', "
        "content_rowid='seq', columnsize=0, tokenize='trigram case_sensitive 1')"
    )
    gone = (
        "INSERT INTO resource_text (resource_text, rowid, text) "
        "VALUES ('delete', {0}.seq, {0}.text);"
    )
    come = "INSERT INTO resource_text (rowid, text) VALUES (new.seq, new.text);"
    for event, steps in (
        ("INSERT", come),
        ("DELETE", gone.format("old")),
        ("UPDATE OF text", gone.format("old") + " " + come),
    ):
        name = "resource_text_" + event.split()[0].lower()
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON resource BEGIN {steps} END")


def _drop_trigram_index() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_resource_text", table_name="resource")
        return
    for name in ("insert", "delete", "update"):
        op.execute(f"DROP TRIGGER resource_text_{name}")
    op.execute("DROP TABLE resource_text")
