"""The folders that environments run from; ours."""
