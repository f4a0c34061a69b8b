"""Where workers take their jobs from, and how many wait there."""
