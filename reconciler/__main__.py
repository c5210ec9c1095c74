"""python -m reconciler: the same as `ship`."""
