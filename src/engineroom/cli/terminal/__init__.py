"""What is printed: results, entries of the log, and our own log."""
