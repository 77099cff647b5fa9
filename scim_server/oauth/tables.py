"""Clients and secrets, in the main database; tokens and last uses, in the one for requests."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text

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

client_secret = Table(
    "client_secret",
    main,
    Column("id", key_text(), primary_key=True),
    Column("client_id", ForeignKey("client.id"), nullable=False, index=True),
    Column("digest", Text, nullable=False),
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
