"""What was measured: of an environment (contract sheet, section 4.8), of a background process, and for Prometheus."""
