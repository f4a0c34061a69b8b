"""From lines to entries: which belong together, and their level and type."""
