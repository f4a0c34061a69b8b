"""Managed queues (contract sheet, section 3.1), of which there are none here."""
