"""Alerts: what is wrong for long enough is told to people, once when it begins and once when it is over."""
