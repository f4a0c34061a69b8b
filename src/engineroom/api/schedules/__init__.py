"""What runs at which minutes; ours."""
