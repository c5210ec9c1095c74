"""gate: to be written."""
