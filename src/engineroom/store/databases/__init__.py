"""SQLite and PostgreSQL: all that differs between them."""
