"""Alembic's way in: run the migrations on the connection, and inside the transaction, of the caller."""

from alembic import context

from syncd.state.inbox.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
