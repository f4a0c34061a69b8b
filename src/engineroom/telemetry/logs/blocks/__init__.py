"""How entries are kept: in compressed blocks with an index of their terms, and within limits."""
