"""Commands that administer this host, and work without a server."""
