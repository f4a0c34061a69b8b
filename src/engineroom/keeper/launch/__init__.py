"""Starting a program: who it runs as, where, with what, and that it was allowed."""
