"""What is seen of all that runs: its output, its metrics, and what is wrong with it."""
