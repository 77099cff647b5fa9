"""Clients and credentials, in the main database; what requests write, in the other one."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
)

from scim_server.database.schema import key_text, main, tokens

client = Table(
    "client",
    main,
    Column("id", key_text(), primary_key=True),
    Column("unit_id", ForeignKey("unit.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created", Text, nullable=False),
)
Index("ix_client_name", client.c.unit_id, client.c.name, unique=True)

# What a client proves itself with: a secret, a bearer that is a token itself, or a trust in
# somebody's keys.
credential = Table(
    "credential",
    main,
    Column("id", key_text(), primary_key=True),
    Column("client_id", ForeignKey("client.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    # Of a secret and a bearer, under the key whose id stands beside it; of a trust, nothing.
    Column("digest", Text),
    Column("key", Text),
    # Of a trust: whose assertions, for whom, and where the keys are.
    Column("terms", JSON),
    Column("created", Text, nullable=False),
    Column("expires", key_text(), nullable=False),
    # When another took its place; ``expires`` is then the end of the overlap.
    Column("superseded", key_text()),
    Column("revoked", key_text()),
)

# Times are whole seconds since 1970 here: they are compared at every request.
access_token = Table(
    "access_token",
    tokens,
    Column("digest", key_text(), primary_key=True),
    Column("unit_id", Integer, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("secret_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("issued", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_access_token_expires", access_token.c.expires)

secret_use = Table(
    "secret_use",
    tokens,
    Column("secret_id", key_text(), primary_key=True),
    Column("last_token", BigInteger),
    Column("last_read", BigInteger),
)

# Assertions that were used and haven't expired, so that none is used twice.
used_assertion = Table(
    "used_assertion",
    tokens,
    Column("digest", key_text(), primary_key=True),
    Column("expires", BigInteger, nullable=False),
)

# Notices that some process sends, or has sent: each once on each channel, by whichever process
# comes first. ``at`` is when it was taken up, ``sent`` when it was done.
sent_notice = Table(
    "sent_notice",
    tokens,
    Column("notice", key_text(), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("sent", BigInteger),
)
