"""What Alembic runs to migrate: on the connection, and in the transaction, that `store.schema` has begun."""

from alembic import context

from settlement_bridge.store.schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
