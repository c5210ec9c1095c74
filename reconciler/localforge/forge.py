"""The local forge: bare repositories on disk behind GitHub's API, in this process or served."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from reconciler.localforge import rest_contents, rest_git, rest_meta, rest_repos
from reconciler.localforge.app import Application, Forge, Repositories
from reconciler.model.product import RepoRef
from reconciler.ports import Clock


def forge(repositories: Repositories, clock: Clock, *, token: str | None = None) -> Application:
    """Make the WSGI application over repositories by (owner, name); with a token, nobody else is let in."""
    routes = [*rest_meta.ROUTES, *rest_repos.ROUTES, *rest_git.ROUTES, *rest_contents.ROUTES]
    return Forge(repositories, routes, clock, token)


def discover(folder: Path) -> Repositories:
    """Show the bare repositories below a folder by the slugs that `RepoRef` gives them, as they come and go.

    `acme/tidy.git` is ("acme", "tidy"), `tidy.git` is ("local", "tidy"), `a/b/tidy.git` is ("a--b", "tidy").
    Links are not followed.
    """
    return _Discovered(folder)


class _Discovered(Mapping[tuple[str, str], Path]):
    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def __getitem__(self, slug: tuple[str, str]) -> Path:
        owner, name = slug
        below = {owner, owner.replace("--", "/")} - {""} | ({"."} if owner == "local" else set())
        for path in sorted(self._folder / part / end for part in below for end in (f"{name}.git", name)):
            if self._serves(path):
                return path
        raise KeyError(slug)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for path in sorted(path for path in self._folder.rglob("*") if self._serves(path)):
            yield RepoRef("local", str(path.relative_to(self._folder))).slug

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _serves(self, path: Path) -> bool:
        """The path itself must be what it says: no `..`, no link, nothing outside."""
        return _bare(path) and path.resolve() == path and self._folder in path.parents


def _bare(path: Path) -> bool:
    try:
        return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()
    except (OSError, ValueError):  # a name too long, or with a NUL
        return False
