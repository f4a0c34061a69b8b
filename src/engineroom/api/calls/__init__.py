"""One call of an endpoint: what its row says, who calls, what was asked, and the answer."""
