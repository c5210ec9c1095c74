"""Values only: no I/O, no clock; imports nothing of ours from higher floors. Read first."""
