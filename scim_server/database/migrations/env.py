"""Alembic's entry point: the connection comes from :mod:`scim_server.database.migrating`."""

from alembic import context

_given = context.config.attributes
context.configure(
    connection=_given["connection"],
    target_metadata=_given["metadata"],
    version_table=_given["version_table"],
    transactional_ddl=False,  # the caller's transaction holds all of it
)
context.run_migrations()
