"""The pictures of applications (contract sheet, section 5)."""
