"""Who decides: one file a pillar; pure."""
