"""The memory: the Swarm DB."""
