"""What is measured: engineroom, the peers, and a C loop as the floor."""
