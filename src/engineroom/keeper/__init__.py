"""The supervisor of this host: mechanism without policy.

It is given process specs over a Unix socket and keeps exactly those running. It imports the standard library and
its own folder, nothing else, and knows nothing of the API or the database.
"""
