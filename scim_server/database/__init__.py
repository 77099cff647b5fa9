"""The ground of storage: engines, transactions, prepared reads, migrations."""

from scim_server.database.engines import Database, open_database
from scim_server.database.reading import Prepared, Reader
from scim_server.database.statements import Statements
from scim_server.database.writing import Transaction, Writer

__all__ = ["Database", "Prepared", "Reader", "Statements", "Transaction", "Writer", "open_database"]
