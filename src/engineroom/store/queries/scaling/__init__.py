"""The present scale, and what is to be scaled."""
