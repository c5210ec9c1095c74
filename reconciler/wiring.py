"""wiring: to be written."""
