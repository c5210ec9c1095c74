"""A GitHub-shaped server over bare repositories."""
