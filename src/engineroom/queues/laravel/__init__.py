"""Where a Laravel application keeps its queues: it is asked itself, or else its files are read as PHP reads them."""
