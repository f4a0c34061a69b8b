"""Environments (contract sheet, section 4)."""
