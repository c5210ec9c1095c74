"""Cache: what sources remember from run to run; disposable, read at the start, written by the loop."""

from collections.abc import Callable, Mapping


class Cache:
    """Values by (space, key). Reads a space once, when first asked; `news` is what a run added."""

    def __init__(self, recall: Callable[[str], Mapping[str, str]]) -> None:
        self._recall = recall
        self._spaces: dict[str, dict[str, str]] = {}
        self.news: dict[tuple[str, str], str] = {}
        """What was put and not yet taken."""

    def get(self, space: str, key: str) -> str | None:
        """Return what is remembered; None when nothing is."""
        if (fresh := self.news.get((space, key))) is not None:
            return fresh
        if space not in self._spaces:
            self._spaces[space] = dict(self._recall(space))
        return self._spaces[space].get(key)

    def put(self, space: str, key: str, value: str) -> None:
        """Remember; nothing is added when it is known already."""
        if self.get(space, key) != value:
            self.news[space, key] = value

    def take(self) -> Mapping[tuple[str, str], str]:
        """Return the news, to be written down; they stay known."""
        taken, self.news = self.news, {}
        for (space, key), value in taken.items():  # a space is always known here: put() asked for it
            self._spaces.setdefault(space, {})[key] = value
        return taken
