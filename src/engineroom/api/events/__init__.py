"""Events: what happened, with its reason; ours."""
