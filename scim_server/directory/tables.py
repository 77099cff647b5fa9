"""The tables of the directory.

Every table of a unit carries ``unit_id`` in its keys and foreign keys, so that the database
itself refuses a membership across units.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from scim_server.database.schema import big_key, key_text, main

MEMBERSHIP = "Membership"
"""Stands for the memberships of a register unit among its counters and waypoints."""

PLACEHOLDER = "Placeholder"
"""The type of a row that stands for a member which the unit has no resource of; never served."""

unit = Table(
    "unit",
    main,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("settings", JSON, nullable=False),
    # Random; the ids of the unit's resources are derived from it and the register's keys.
    Column("namespace", Text, nullable=False),
    # Whether anything of the unit may be read: kept true while a school publishes.
    Column("publishes", Boolean, nullable=False),
    Column("change", BigInteger, nullable=False),
    # The time of the last change: none is ever dated before it, whatever the clock says.
    Column("latest", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("imported", Text),
)

school = Table(
    "school",
    main,
    Column("id", Integer, primary_key=True),
    Column("unit_id", ForeignKey("unit.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("synchronised", Boolean, nullable=False),
    UniqueConstraint("unit_id", "name"),
    UniqueConstraint("unit_id", "id"),
)

decision = Table(
    "decision",
    main,
    Column("id", Integer, primary_key=True),
    Column("unit_id", Integer, nullable=False),
    Column("school_id", Integer, nullable=False),
    Column("synchronised", Boolean, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("text_version", Text, nullable=False),
    ForeignKeyConstraint(["unit_id", "school_id"], ["school.unit_id", "school.id"]),
)

# Narrow columns come first: SQLite reads a row from its start, and filters and counts should
# not have to step over the documents.
resource = Table(
    "resource",
    main,
    Column("seq", big_key(), primary_key=True, autoincrement=True),
    Column("unit_id", ForeignKey("unit.id"), nullable=False),
    Column("resource_type", Text, nullable=False),
    # Whether a school that publishes holds it; what is not served is absent for every reader.
    Column("served", Boolean, nullable=False),
    Column("active", Boolean),
    Column("id", key_text(), nullable=False),
    Column("external_id", key_text()),
    Column("user_name", key_text()),
    Column("display_name", key_text()),
    Column("family_name", key_text()),
    Column("given_name", key_text()),
    Column("user_type", key_text()),
    Column("created", key_text(), nullable=False),
    Column("modified", key_text(), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False),
    # The values that `co` looks into, one a line, folded; the trigram index stands on it.
    Column("text", key_text(), nullable=False),
    # Everything else that a filter may read, folded, by attribute path.
    Column("folded", JSON().with_variant(JSONB(), "postgresql"), nullable=False),
    # The JSON object without its closing brace, meta, groups and members.
    Column("head", Text, nullable=False),
    # An argon2id hash; never part of a document.
    Column("password", Text),
    # When what it says of itself changed, or came to be served: unlike ``modified``, whatever
    # became of its memberships.
    Column("edited", key_text(), nullable=False),
    UniqueConstraint("unit_id", "id"),
    UniqueConstraint("unit_id", "seq"),
    UniqueConstraint("unit_id", "user_name"),
    sqlite_autoincrement=True,
)

_SERVED = (resource.c.unit_id, resource.c.resource_type, resource.c.served)
Index("ix_resource_page", *_SERVED, resource.c.seq)
for _key in (
    "external_id", "user_name", "display_name", "family_name", "given_name", "user_type",
    "active", "modified", "edited",
):  # fmt: skip
    Index(f"ix_resource_{_key}", *_SERVED, resource.c[_key])

# How other resources refer to one: the JSON object that stands for it in a group's `members`, and
# for a group the one in a user's `groups`. Narrow, so that a list of thousands of members reads
# few pages.
reference = Table(
    "reference",
    main,
    Column("seq", big_key(), primary_key=True, autoincrement=False),
    Column("unit_id", Integer, nullable=False),
    Column("served", Boolean, nullable=False),
    Column("fragment", Text, nullable=False),
    Column("as_group", Text),
    ForeignKeyConstraint(["unit_id", "seq"], ["resource.unit_id", "resource.seq"]),
)

# The values of multi-valued attributes. Migrations index them by value: on PostgreSQL by the
# beginning of it, since a key as long as a certificate doesn't fit into an index there.
element = Table(
    "element",
    main,
    Column("unit_id", Integer, nullable=False),
    Column("seq", big_key(), nullable=False),
    Column("attribute", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("value", key_text()),
    Column("type", key_text()),
    Column("display", key_text()),
    Column("primary", Boolean),
    # The other sub-attributes, folded, by name.
    Column("others", JSON().with_variant(JSONB(), "postgresql")),
    PrimaryKeyConstraint("seq", "attribute", "position"),
    ForeignKeyConstraint(["unit_id", "seq"], ["resource.unit_id", "resource.seq"]),
    sqlite_with_rowid=False,
)

membership = Table(
    "membership",
    main,
    Column("unit_id", Integer, nullable=False),
    Column("group_seq", big_key(), nullable=False),
    Column("member_seq", big_key(), nullable=False),
    # When it began, or came to be served.
    Column("since", key_text(), nullable=False),
    PrimaryKeyConstraint("group_seq", "member_seq"),
    ForeignKeyConstraint(["unit_id", "group_seq"], ["resource.unit_id", "resource.seq"]),
    ForeignKeyConstraint(["unit_id", "member_seq"], ["resource.unit_id", "resource.seq"]),
    sqlite_with_rowid=False,
)
Index("ix_membership_member", membership.c.member_seq, membership.c.group_seq)

# Memberships of a register unit that ended, and when: a roster's delta tells of them. One that
# begins again isn't here.
former_membership = Table(
    "former_membership",
    main,
    Column("unit_id", Integer, nullable=False),
    Column("group_seq", big_key(), nullable=False),
    Column("member_seq", big_key(), nullable=False),
    Column("ended", key_text(), nullable=False),
    PrimaryKeyConstraint("group_seq", "member_seq"),
    ForeignKeyConstraint(["unit_id", "group_seq"], ["resource.unit_id", "resource.seq"]),
    ForeignKeyConstraint(["unit_id", "member_seq"], ["resource.unit_id", "resource.seq"]),
    sqlite_with_rowid=False,
)
Index("ix_former_membership_ended", former_membership.c.unit_id, former_membership.c.ended)
Index("ix_former_membership_member", former_membership.c.member_seq, former_membership.c.group_seq)

resource_school = Table(
    "resource_school",
    main,
    Column("unit_id", Integer, nullable=False),
    Column("seq", big_key(), nullable=False),
    Column("school_id", Integer, nullable=False),
    PrimaryKeyConstraint("seq", "school_id"),
    ForeignKeyConstraint(["unit_id", "seq"], ["resource.unit_id", "resource.seq"]),
    ForeignKeyConstraint(["unit_id", "school_id"], ["school.unit_id", "school.id"]),
    sqlite_with_rowid=False,
)
Index("ix_resource_school_school", resource_school.c.school_id, resource_school.c.seq)

population = Table(
    "population",
    main,
    Column("unit_id", ForeignKey("unit.id"), nullable=False),
    Column("resource_type", Text, nullable=False),
    Column("total", BigInteger, nullable=False),
    PrimaryKeyConstraint("unit_id", "resource_type"),
)

# Some served resource at least every hundredth place of a list, and how many come before it: where
# a page begins is found without counting. The resource itself may be gone; the place is true. Of
# the memberships: each group that has some served, and how many those of the groups before it are.
waypoint = Table(
    "waypoint",
    main,
    Column("unit_id", ForeignKey("unit.id"), nullable=False),
    Column("resource_type", Text, nullable=False),
    Column("ordinal", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("unit_id", "resource_type", "ordinal", "seq"),
    sqlite_with_rowid=False,
)
