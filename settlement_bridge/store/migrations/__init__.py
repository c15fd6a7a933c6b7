"""Numbered migrations, for Alembic; run by `store.schema`."""
