"""What Alembic runs for a migration; the connection comes from `engineroom.store.schema.version`."""

from alembic import context

from engineroom.store.schema.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # SQLite can roll back schema changes; only Python's driver could not, and engine.py begins transactions itself.
    transactional_ddl=True,
)

with context.begin_transaction():
    context.run_migrations()
