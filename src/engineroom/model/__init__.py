"""Plain types and rules: what things are and how they are decided. No input or output, no imports of other rooms."""
