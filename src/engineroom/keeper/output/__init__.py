"""What processes print: files that they never wait for, marked with times, and bounded."""
