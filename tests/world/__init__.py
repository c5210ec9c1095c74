"""The pretend world: one seeded, in-memory world behind the same doors, with faults."""
