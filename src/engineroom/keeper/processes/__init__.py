"""The life of each process: what should run, what ended and why, when it starts again, what is left of it."""
