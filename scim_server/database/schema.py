"""What every table of every room shares: two collections of tables and two column types.

``main`` holds what the operator writes (units, people, groups, credentials, audit); ``tokens``
holds what a request writes. On SQLite they are two files, so that an import's one long write
transaction never keeps a token from being issued. On PostgreSQL they share one database.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData, Text
from sqlalchemy.types import TypeEngine

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

main = MetaData(naming_convention=_NAMES)
tokens = MetaData(naming_convention=_NAMES)


def key_text() -> TypeEngine[str]:
    """Text that compares and sorts by code point on every database."""
    return Text().with_variant(Text(collation="C"), "postgresql")


def big_key() -> TypeEngine[int]:
    """A 64-bit integer that SQLite accepts as its row id."""
    return BigInteger().with_variant(Integer(), "sqlite")
