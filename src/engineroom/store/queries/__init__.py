"""Queries: plain functions of a connection that return the model's values. A module per noun."""
