"""The doors: the only files that import an I/O library."""
