"""Tests of the repository itself: house rules, packaging, documentation."""
