"""Arguments in, exit code out: decides nothing."""
