"""Signing in with a browser (contract sheet, section 9)."""
