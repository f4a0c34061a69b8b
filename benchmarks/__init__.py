"""Engineroom measured beside its peers, on the same machine and in the same run."""
