"""What an earlier run read, by content: a file that did not change is neither read nor parsed again.

Spaces of the cache: `fleet.stat` (stamps of all files of a folder) and `fleet` (what came of a file,
behind the key of everything that it came of: its content, fleet.yaml, and the code that read it).
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from reconciler import __version__
from reconciler.fleetfile.files import Listed, Stamp, blob, stamp
from reconciler.model.cache import Cache

STATS = "fleet.stat"
SPACE = "fleet"


@cache
def reader() -> str:
    """Return a digest of the code that turns text into documents: models, checks, version."""
    here = Path(__file__).parent
    sources = sorted([*here.glob("*.py"), *(here.parent / "model").glob("*.py")])
    whole = hashlib.sha256(__version__.encode())
    for each in sources:
        whole.update(each.read_bytes())
    return whole.hexdigest()[:16]


class Memory:
    """Stamps and results of one folder of files."""

    def __init__(self, cached: Cache | None, folder: str) -> None:
        self._cache = cached or Cache(lambda _space: {})
        self._folder = folder
        self._stamps: dict[str, Stamp] = {}
        self._before = self._recall()

    def _recall(self) -> dict[str, Stamp]:
        text = self._cache.get(STATS, self._folder) or "{}"
        try:
            return {file: tuple(known) for file, known in json.loads(text).items()}
        except (ValueError, TypeError, AttributeError):  # damaged: a cache is never worth an error
            return {}

    def blob(self, listed: Listed, read: Callable[[], bytes]) -> str:
        """Return the id of a file's content; it is read only when its stamp is not the known one."""
        known = self._before.get(listed.file)
        if known is not None and listed.unchanged(known):
            self._stamps[listed.file] = known
            return known[4]
        content = read()
        fresh = stamp(listed, content)
        self._stamps[listed.file] = fresh
        return blob(content)

    def known(self, file: str, blob: str, base: str = "") -> str | None:
        """Return what came of this content over this fleet.yaml."""
        text = self._cache.get(SPACE, file)
        key = _key(blob, base)
        return text[len(key) :] if text is not None and text.startswith(key) else None

    def remember(self, file: str, blob: str, value: str, base: str = "") -> None:
        """Keep what came of it."""
        self._cache.put(SPACE, file, _key(blob, base) + value)

    def close(self) -> None:
        """Keep the stamps."""
        if self._stamps != self._before:
            self._cache.put(STATS, self._folder, json.dumps(self._stamps, separators=(",", ":")))


def _key(blob: str, base: str) -> str:
    return f"{reader()} {blob} {base}\n"


def decoded(texts: Sequence[str]) -> list[list[object]]:
    """Decode many JSON texts in one go."""
    return json.loads(f"[{','.join(texts)}]")  # type: ignore[no-any-return]  # written by remember()
