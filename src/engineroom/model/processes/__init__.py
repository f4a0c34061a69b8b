"""What runs: background processes as they are asked for, the processes that come of it, and how each ends."""
