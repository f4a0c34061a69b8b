"""The keeper's folder: its lock and socket, whose it is, what is in memory beside it, and its mending."""
