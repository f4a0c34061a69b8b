"""Alerts: what is wrong now, and whether people can be told; ours."""
