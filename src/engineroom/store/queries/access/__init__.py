"""Who may do what, and who did it: organizations, tokens, signing in, the audit trail."""
