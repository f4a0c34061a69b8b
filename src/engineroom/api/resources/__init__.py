"""How each type of resource looks in answers: its attributes, in the contract's order."""
