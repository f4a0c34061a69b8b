"""Instances (contract sheet, section 3)."""
