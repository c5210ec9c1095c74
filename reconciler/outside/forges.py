"""All forges as one: each look goes to the forge that holds the repository, built when first asked."""

import threading
from collections.abc import Callable, Mapping, Sequence

from reconciler.model.product import ProductName, RepoRef
from reconciler.ports import Forge, Look, RepoView, TreeEntry


class Forges:
    """Implements `ports.Forge` over forges by `RepoRef.host`; one that no product needs is never built."""

    def __init__(self, builders: Mapping[str, Callable[[], Forge]]) -> None:
        self._builders = builders
        self._built: dict[str, Forge] = {}
        self._lock = threading.Lock()

    def look(self, looks: Sequence[Look]) -> Mapping[ProductName, RepoView | str]:
        """Look at many repositories, 50 a query; a str says why one could not be seen."""
        views: dict[ProductName, RepoView | str] = {}
        for host in sorted({look.repo.host for look in looks}):
            views.update(self._forge(host).look([look for look in looks if look.repo.host == host]))
        return views

    def tree(self, repo: RepoRef, tree: str) -> Sequence[TreeEntry]:
        """Read a tree recursively, blobs only, sorted by path. Raises Transient, Terminal."""
        return self._forge(repo.host).tree(repo, tree)

    def blob(self, repo: RepoRef, sha: str) -> bytes:
        """Read one blob. Raises Transient, Terminal."""
        return self._forge(repo.host).blob(repo, sha)

    def contains(self, repo: RepoRef, *, descendant: str, ancestor: str) -> bool:
        """Say whether `ancestor` is `descendant` or one of its ancestors. Raises Transient, Terminal."""
        return self._forge(repo.host).contains(repo, descendant=descendant, ancestor=ancestor)

    def _forge(self, host: str) -> Forge:
        with self._lock:
            if host not in self._built:
                self._built[host] = self._builders[host]()
            return self._built[host]
