"""The loops that turn what should be into what is, and the changes that are asked for."""
