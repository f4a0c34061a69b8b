"""The variables through which the hooks know the server."""

ADDRESS = "ENGINEROOM_FUZZ_ADDRESS"
TOKEN = "ENGINEROOM_FUZZ_TOKEN"
