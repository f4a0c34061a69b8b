"""What is secret in the database, and the keys that it is encrypted with."""
