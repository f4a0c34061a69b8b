"""Background processes (contract sheet, section 2), and what is ours beside them."""
