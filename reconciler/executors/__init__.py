"""Who does: one file a kind of action."""
