"""Where each unit is pushed to, what Entra ID was given of whom, and the calls that it took."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
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
