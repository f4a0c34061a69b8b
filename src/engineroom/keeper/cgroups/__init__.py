"""Control groups: where they are on this host, and how processes are put, limited and counted in them."""
