"""How the processes of a background process are stopped, replaced and started again; ours."""
