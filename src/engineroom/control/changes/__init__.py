"""What the API and the command line ask for: each change is one write of the rows and its operation."""
