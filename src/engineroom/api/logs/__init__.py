"""The log of an environment (contract sheet, section 4.7) and of a background process, which is ours."""
