"""The plan that the README shows, and a plan as it is printed, both without what changes with the tools."""

import re

from tests.house.tree import ROOT

SHOWN = re.compile(r"<!-- plan of the demo -->\n```\n(.*?)```\n", re.DOTALL)


def shown() -> str:
    """Return the README's plan."""
    found = SHOWN.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert found
    return plain(found[1])


def plain(text: str) -> str:
    """Take out digests: they change with the version of every tool."""
    return re.sub(r"[0-9a-f]{12,}", "#", text)
