"""What is before the API: connections with their limits, the proxies that are believed, the hosts that are answered for.

It knows nothing of what is answered: it is given an ASGI application.
"""
