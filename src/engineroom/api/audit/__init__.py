"""The audit trail; ours."""
