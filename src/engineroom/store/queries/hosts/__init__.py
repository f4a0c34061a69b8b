"""Which hosts are there, and which runs what."""
