"""ship demo: a small real world on this machine, with things wrong in it."""
