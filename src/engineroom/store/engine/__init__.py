"""What runs queries: the threads, the transactions, and what is said when the database cannot be used. It knows no query."""
