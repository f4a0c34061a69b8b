"""Commands (contract sheet, section 7)."""
