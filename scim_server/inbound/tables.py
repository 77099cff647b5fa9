"""Where each unit is pushed to, what Entra ID was given of whom, and the calls that it took.

Of groups: what was made there, and whom this push put into them.
"""

from __future__ import annotations

from sqlalchemy import (
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
)

from scim_server.database.schema import big_key, key_text, main

# The credential itself is in the file that is named; neither it nor a token is stored.
inbound = Table(
    "inbound",
    main,
    Column("unit_id", ForeignKey("unit.id"), primary_key=True, autoincrement=False),
    Column("tenant", key_text(), nullable=False, index=True),
    Column("client_id", Text, nullable=False),
    Column("service_principal", Text, nullable=False),
    Column("job", Text, nullable=False),
    Column("credential_kind", Text, nullable=False),
    Column("credential_file", Text, nullable=False),
    Column("calls_a_day", Integer, nullable=False),
    Column("login_url", Text, nullable=False),
    Column("graph_url", Text, nullable=False),
    Column("phones", Boolean, nullable=False),
    Column("emails", Boolean, nullable=False),
    Column("matching", Text, nullable=False),
    # Whether groups go along: none, security or microsoft365.
    Column("groups", Text, nullable=False, server_default="none"),
    # Who is pushing the unit now, and until when that holds if nothing more is heard of it.
    Column("holder", Text),
    Column("held_until", key_text()),
    # When Microsoft's provisioning log was last read to its end.
    Column("log_read", key_text()),
)

# A person who was handed over at least once. ``digest`` is of the record that was accepted last;
# from the moment another is handed over until the answer comes, nobody knows and there is none.
# ``active`` is what was handed over last.
inbound_person = Table(
    "inbound_person",
    main,
    Column("unit_id", Integer, nullable=False),
    Column("seq", big_key(), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("offered", Text, nullable=False),
    Column("digest", Text),
    # The resource's change number and the time, both of the record that was accepted.
    Column("change", BigInteger),
    Column("accepted", Text),
    # The digest of a record that was refused, which isn't sent again as it is.
    Column("refused", Text),
    # The last that is known: accepted, refused, or what the provisioning log tells.
    Column("result", Text),
    Column("code", Text),
    Column("result_at", key_text()),
    PrimaryKeyConstraint("unit_id", "seq"),
    ForeignKeyConstraint(["unit_id", "seq"], ["resource.unit_id", "resource.seq"]),
)

# Calls by the second, in seconds since 1970; those of the last day count against the quota.
inbound_call = Table(
    "inbound_call",
    main,
    Column("unit_id", ForeignKey("unit.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("calls", Integer, nullable=False),
    PrimaryKeyConstraint("unit_id", "at"),
)

# The object id of a person's account in Entra, once it was found there.
inbound_account = Table(
    "inbound_account",
    main,
    Column("unit_id", Integer, nullable=False),
    Column("seq", big_key(), nullable=False),
    Column("account", key_text(), nullable=False),
    PrimaryKeyConstraint("unit_id", "seq"),
    ForeignKeyConstraint(["unit_id", "seq"], ["resource.unit_id", "resource.seq"]),
)

# A group that was offered at least once. ``kind`` is what it was made as, which Entra never
# changes; ``digest`` is of the name that was accepted last, none while that isn't known.
inbound_group = Table(
    "inbound_group",
    main,
    Column("unit_id", Integer, nullable=False),
    Column("seq", big_key(), nullable=False),
    Column("kind", Text, nullable=False),
    Column("offered", Text, nullable=False),
    # Its object id in Entra, and when that was learnt.
    Column("group_id", key_text()),
    Column("accepted", Text),
    Column("digest", Text),
    # The digest of a name that was refused, which isn't sent again as it is.
    Column("refused", Text),
    # When Entra was found not to have the group any longer.
    Column("gone", Text),
    PrimaryKeyConstraint("unit_id", "seq"),
    ForeignKeyConstraint(["unit_id", "seq"], ["resource.unit_id", "resource.seq"]),
)

# A membership that this push gave: nothing else is ever taken away. ``offered``: Entra may have
# it, or not; ``accepted``; ``refused``: it hasn't, and isn't asked again.
inbound_member = Table(
    "inbound_member",
    main,
    Column("unit_id", Integer, nullable=False),
    Column("group_seq", big_key(), nullable=False),
    Column("member_seq", big_key(), nullable=False),
    Column("state", Text, nullable=False),
    PrimaryKeyConstraint("group_seq", "member_seq"),
    ForeignKeyConstraint(["unit_id", "group_seq"], ["resource.unit_id", "resource.seq"]),
    ForeignKeyConstraint(["unit_id", "member_seq"], ["resource.unit_id", "resource.seq"]),
    sqlite_with_rowid=False,
)
Index("ix_inbound_member_member", inbound_member.c.member_seq, inbound_member.c.group_seq)
