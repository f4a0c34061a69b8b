"""Measuring queues in processes that have the rights of the user whose queues they are."""
