"""How the number of processes follows the queue; ours."""
