"""Applications (contract sheet, section 5)."""
