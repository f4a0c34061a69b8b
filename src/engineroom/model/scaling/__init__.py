"""How many processes and replicas there should be: arithmetic on plain values, without a clock and without a wait."""
