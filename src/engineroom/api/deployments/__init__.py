"""Deployments (contract sheet, section 6)."""
