"""Tokens of an organization; ours."""
