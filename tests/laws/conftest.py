"""What all laws share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give deeds a place to work."""
    return tmp_path_factory.mktemp("deeds")
