"""Commands that are clients of the API, of this host's server or another one's."""
