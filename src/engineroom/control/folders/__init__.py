"""The folders that environments run code in: linking them, and looking at what is there."""
