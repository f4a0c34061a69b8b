"""Applications and what belongs to their code: environments, variables, folders, deployments, commands."""
