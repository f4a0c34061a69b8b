"""What brings about what should be, again and again, and writes down what became of it."""
