"""The local forge: bare repositories on disk behind GitHub's API, in this process or served."""

from pathlib import Path

from reconciler.localforge import rest_contents, rest_git, rest_meta, rest_repos
from reconciler.localforge.app import Application, Forge, Repositories
from reconciler.ports import Clock


def forge(repositories: Repositories, clock: Clock, *, token: str | None = None) -> Application:
    """Make the WSGI application over repositories by (owner, name); with a token, nobody else is let in."""
    routes = [*rest_meta.ROUTES, *rest_repos.ROUTES, *rest_git.ROUTES, *rest_contents.ROUTES]
    return Forge(repositories, routes, clock, token)


def discover(folder: Path) -> Repositories:
    """Find the bare repositories below a folder, two levels deep, as `RepoRef.slug` names them.

    `acme/tidy.git` is ("acme", "tidy"); `tidy.git` is ("local", "tidy"). Links are not followed.
    """
    found: dict[tuple[str, str], Path] = {}
    for path in sorted([*folder.glob("*"), *folder.glob("*/*")]):
        if path.is_symlink() or path.parent.is_symlink() or not _bare(path):
            continue
        owner = "local" if path.parent == folder else path.parent.name
        found[owner, path.name.removesuffix(".git")] = path
    return found


def _bare(path: Path) -> bool:
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()
