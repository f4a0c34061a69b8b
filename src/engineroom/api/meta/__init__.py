"""What a token belongs to, and where things run (contract sheet, section 8)."""
