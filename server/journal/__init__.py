"""Where the journal is stored: SQLite or PostgreSQL."""
