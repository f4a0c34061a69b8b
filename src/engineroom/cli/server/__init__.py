"""The server: how its parts are put together, and the commands that run it."""
