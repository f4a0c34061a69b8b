"""Whether the server is up, and whether it can do its work; ours."""
