"""What processes print, from bytes to entries of the log."""
