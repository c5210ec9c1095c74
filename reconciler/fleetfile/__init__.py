"""The fleet's YAML as values: loads, validates, complains with file, line and column."""

from reconciler.fleetfile.configuration import load_settings
from reconciler.fleetfile.loader import load
from reconciler.fleetfile.origins import locate

__all__ = ["load", "load_settings", "locate"]
