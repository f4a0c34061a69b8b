"""How many processes and replicas there are, decided from what is measured."""
