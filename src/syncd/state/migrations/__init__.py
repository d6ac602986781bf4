"""How the schema came to be; run by Alembic when a store is created or is older than this syncd."""
