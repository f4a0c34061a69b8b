"""What is known of HTTP alone: bodies, errors, addresses, rate limits, streams. It knows no endpoint."""
