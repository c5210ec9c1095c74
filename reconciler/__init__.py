"""Ship: a declarative GitOps reconciler for a fleet of software products."""

__version__ = "0.1.0"
