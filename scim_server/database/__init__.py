"""The ground of storage: engines, transactions, prepared reads, migrations."""

from scim_server.database.engines import Database, open_database
from scim_server.database.reading import Prepared, Reader

__all__ = ["Database", "Prepared", "Reader", "open_database"]
