"""Who sees: one file a source."""
