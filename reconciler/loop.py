"""loop: to be written."""
