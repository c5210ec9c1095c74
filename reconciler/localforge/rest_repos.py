"""The forge's repositories API: repositories, branches, commits, comparisons, tags."""

import re

from reconciler.localforge import shapes
from reconciler.localforge.app import Asked, RefusedError, Reply, View
from reconciler.localforge.objects import Commit, stamp
from reconciler.localforge.plumbing import git
from reconciler.localforge.writing import merge_base

_ISO = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?")


def get_repository(asked: Asked) -> Reply:
    """Answer the repository; its dates are those of the default branch's tip."""
    repository = asked.repository
    sha = repository.ref(repository.head())
    tip = repository.commit(sha) if sha else None
    date = stamp(tip.committer.at) if tip else stamp(asked.now)
    return Reply(shapes.repository(asked.base, asked.url, repository, (date, date)))


def list_branches(asked: Asked) -> Reply:
    """Answer all branches by name; none is protected here."""
    if asked.request.args.get("protected") == "true":
        return asked.page([])
    found = asked.repository.refs("refs/heads/")
    return asked.page(
        [
            {
                "name": name.removeprefix("refs/heads/"),
                "commit": {"sha": sha, "url": f"{asked.url}/commits/{sha}"},
                "protected": False,
            }
            for name, sha in found.items()
        ]
    )


def get_branch(asked: Asked, branch: str) -> Reply:
    """Answer one branch with its tip."""
    sha = asked.repository.ref(f"refs/heads/{branch}")
    tip = asked.repository.commit(sha) if sha else None
    if tip is None:
        raise RefusedError(404, "Branch not found")
    at = shapes.address(asked.url, "branches", branch)
    return Reply(
        {
            "name": branch,
            "commit": shapes.commit(asked.url, tip),
            "_links": {"self": at, "html": at},
            "protected": False,
            "protection": {"enabled": False},
            "protection_url": f"{at}/protection",
        }
    )


def list_commits(asked: Asked) -> Reply:
    """Answer the commits of a branch or commit (`sha`), newest first; `path`, `since`, `until`, `author`."""
    repository, args = asked.repository, asked.request.args
    sha = repository.resolve(args.get("sha") or "HEAD")
    start = repository.commit(sha) if sha else None
    if start is None:
        empty = not repository.refs("refs/heads/")
        raise RefusedError(409, "Git Repository is empty.") if empty else RefusedError(404, "Not Found")
    words = ["rev-list", "--fixed-strings", *(f"--{key}={args[key]}" for key in ("author",) if args.get(key))]
    for key in ("since", "until"):
        if args.get(key):
            if not _ISO.fullmatch(args[key]):
                raise RefusedError(422, f"{key} is not an ISO 8601 time")
            words.append(f"--{key}={args[key]}")
    paths = ["--", args["path"]] if args.get("path") else ["--"]
    if "\0" in "".join([*words, *paths]):
        return asked.page([])
    shas = git(repository.folder, *words, start.sha, *paths).decode().split()
    page = asked.page(shas)
    return Reply(_commits(asked, page.data), headers=page.headers)


def get_commit(asked: Asked, ref: str) -> Reply:
    """Answer one commit by id, branch or tag."""
    sha = asked.repository.resolve(ref)
    found = asked.repository.commit(sha) if sha else None
    if found is None:
        raise RefusedError(422, f"No commit found for SHA: {ref}")
    return Reply(shapes.commit(asked.url, found))


def compare(asked: Asked, between: str) -> Reply:
    """Answer how `head` stands to `base` of `base...head`; commits oldest first. Files are not listed."""
    left, dots, right = between.partition("...")
    base, head = _commit(asked, left), _commit(asked, right)
    if base is None or head is None or not dots:
        raise RefusedError(404, "Not Found")
    folder = asked.repository.folder
    common = merge_base(asked.repository, base.sha, head.sha)
    middle = asked.repository.commit(common) if common else None
    if middle is None:
        raise RefusedError(404, f"No common ancestor between {left} and {right}.")
    counted = git(folder, "rev-list", "--count", "--left-right", f"{base.sha}...{head.sha}").decode().split()
    behind, ahead = int(counted[0]), int(counted[1])
    words = ("rev-list", "--reverse", "--topo-order", head.sha, f"^{base.sha}")
    page = asked.page(git(folder, *words).decode().split())
    at = shapes.address(asked.url, "compare", between)
    return Reply(
        {
            **dict.fromkeys(("url", "html_url", "permalink_url", "diff_url", "patch_url"), at),
            "base_commit": shapes.commit(asked.url, base),
            "merge_base_commit": shapes.commit(asked.url, middle),
            "status": _status(ahead, behind),
            "ahead_by": ahead,
            "behind_by": behind,
            "total_commits": ahead,
            "commits": _commits(asked, page.data),
            "files": [],
        },
        headers=page.headers,
    )


def list_tags(asked: Asked) -> Reply:
    """Answer all tags of commits, by name downwards."""
    repository, told = asked.repository, []
    for name, sha in reversed(repository.refs("refs/tags/").items()):
        found, short = repository.commit(sha), name.removeprefix("refs/tags/")
        if found is None:
            continue
        told.append(
            {
                "name": short,
                "node_id": shapes.node_id("REF", name),
                "commit": {"sha": found.sha, "url": f"{asked.url}/commits/{found.sha}"},
                "zipball_url": shapes.address(asked.url, "zipball", name),
                "tarball_url": shapes.address(asked.url, "tarball", name),
            }
        )
    return asked.page(told)


def _commit(asked: Asked, text: str) -> Commit | None:
    sha = asked.repository.resolve(text)
    return asked.repository.commit(sha) if sha else None


def _commits(asked: Asked, shas: list[str]) -> list[shapes.Json]:
    found = (asked.repository.commit(sha) for sha in shas)
    return [shapes.commit(asked.url, commit) for commit in found if commit]


def _status(ahead: int, behind: int) -> str:
    if ahead and behind:
        return "diverged"
    return "ahead" if ahead else "behind" if behind else "identical"


_REPO = "/repos/<owner>/<repo>"
ROUTES: list[tuple[str, str, View]] = [
    ("GET", _REPO, get_repository),
    ("GET", f"{_REPO}/branches", list_branches),
    ("GET", f"{_REPO}/branches/<path:branch>", get_branch),
    ("GET", f"{_REPO}/commits", list_commits),
    ("GET", f"{_REPO}/commits/<path:ref>", get_commit),
    ("GET", f"{_REPO}/compare/<path:between>", compare),
    ("GET", f"{_REPO}/tags", list_tags),
]
