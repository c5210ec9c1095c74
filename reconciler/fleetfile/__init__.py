"""YAML to Product: every complaint with file:line:column."""
