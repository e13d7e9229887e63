"""How the journal's tables in PostgreSQL came to be: Alembic's changes, run by `docreview-mcp migrate`."""
