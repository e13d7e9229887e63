"""Runs the changes on the connection that `migrate` hands over. Alembic executes this file."""

from __future__ import annotations

from alembic import context


def run() -> None:
    """Change the tables in the transaction of the connection."""
    given = context.config.attributes
    context.configure(connection=given["connection"], version_table=given["version_table"])
    with context.begin_transaction():
        context.run_migrations()


# Alembic's configuration is there only while it executes the file, not when the file is imported.
if hasattr(context, "config"):
    run()
