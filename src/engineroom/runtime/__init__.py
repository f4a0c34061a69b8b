"""Where processes run: one protocol, its implementations, and a fake that follows a script."""
