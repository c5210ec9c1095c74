"""GitHub's JSON shapes of what git holds. Names, and which may be null, follow GitHub's OpenAPI document."""

import base64
from typing import Any
from urllib.parse import quote

from reconciler.localforge.objects import Commit, Entry, Tag
from reconciler.localforge.repository import Repository

Json = dict[str, Any]
INLINE_LIMIT = 1024 * 1024
"""Bytes of a file that its contents hold."""
UNSIGNED = {
    "verified": False,
    "reason": "unsigned",
    "signature": None,
    "payload": None,
    "verified_at": None,
}
_REPOSITORY_URLS = {
    "archive": "{archive_format}{/ref}",
    "assignees": "assignees{/user}",
    "blobs": "git/blobs{/sha}",
    "branches": "branches{/branch}",
    "collaborators": "collaborators{/collaborator}",
    "comments": "comments{/number}",
    "commits": "commits{/sha}",
    "compare": "compare/{base}...{head}",
    "contents": "contents/{+path}",
    "contributors": "contributors",
    "deployments": "deployments",
    "downloads": "downloads",
    "events": "events",
    "forks": "forks",
    "git_commits": "git/commits{/sha}",
    "git_refs": "git/refs{/sha}",
    "git_tags": "git/tags{/sha}",
    "hooks": "hooks",
    "issue_comment": "issues/comments{/number}",
    "issue_events": "issues/events{/number}",
    "issues": "issues{/number}",
    "keys": "keys{/key_id}",
    "labels": "labels{/name}",
    "languages": "languages",
    "merges": "merges",
    "milestones": "milestones{/number}",
    "notifications": "notifications{?since,all,participating}",
    "pulls": "pulls{/number}",
    "releases": "releases{/id}",
    "stargazers": "stargazers",
    "statuses": "statuses/{sha}",
    "subscribers": "subscribers",
    "subscription": "subscription",
    "tags": "tags",
    "teams": "teams",
    "trees": "git/trees{/sha}",
}


def node_id(kind: str, text: str) -> str:
    """Return an opaque id as GitHub's nodes have."""
    return f"{kind}_{base64.urlsafe_b64encode(text.encode()).decode()}"


def address(url: str, *parts: str) -> str:
    """Return an address below a repository's; slashes in names stay."""
    return "/".join([url, *(quote(part) for part in parts)])


def user(base: str, login: str) -> Json:
    """Return a `simple-user`."""
    at = f"{base}/users/{quote(login, safe='')}"
    ends = {
        "followers": "followers",
        "following": "following{/other_user}",
        "gists": "gists{/gist_id}",
        "starred": "starred{/owner}{/repo}",
        "subscriptions": "subscriptions",
        "organizations": "orgs",
        "repos": "repos",
        "events": "events{/privacy}",
        "received_events": "received_events",
    }
    return {
        "login": login,
        "id": 1,
        "node_id": node_id("U", login),
        "avatar_url": f"{at}/avatar",
        "gravatar_id": "",
        "url": at,
        "html_url": at,
        **{f"{name}_url": f"{at}/{end}" for name, end in ends.items()},
        "type": "User",
        "site_admin": False,
    }


def repository(base: str, url: str, found: Repository, dates: tuple[str, str]) -> Json:
    """Return a `full-repository`; dates are those of the first and the last push."""
    counts = ("forks", "forks_count", "open_issues", "open_issues_count", "stargazers_count", "watchers")
    more = ("watchers_count", "network_count", "subscribers_count", "size")
    lacks = ("issues", "projects", "wiki", "pages", "discussions", "downloads")
    where = found.folder.as_uri()
    return {
        "id": found.number,
        "node_id": node_id("R", found.full_name),
        "name": found.name,
        "full_name": found.full_name,
        "owner": user(base, found.owner),
        "private": False,
        "html_url": url,
        "description": None,
        "fork": False,
        "url": url,
        **{f"{name}_url": f"{url}/{end}" for name, end in _REPOSITORY_URLS.items()},
        **{f"{name}_url": where for name in ("clone", "git", "ssh", "svn")},
        **dict.fromkeys((*counts, *more), 0),
        **{f"has_{name}": False for name in lacks},
        "default_branch": found.head().removeprefix("refs/heads/"),
        "homepage": None,
        "language": None,
        "archived": False,
        "disabled": False,
        "mirror_url": None,
        "license": None,
        "created_at": dates[0],
        "pushed_at": dates[1],
        "updated_at": dates[1],
    }


def git_commit(url: str, commit: Commit) -> Json:
    """Return a `git-commit`."""
    return {
        "sha": commit.sha,
        "node_id": node_id("C", commit.sha),
        "url": f"{url}/git/commits/{commit.sha}",
        "html_url": f"{url}/commits/{commit.sha}",
        "author": commit.author.data(),
        "committer": commit.committer.data(),
        "message": commit.message.rstrip("\n"),
        "tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"},
        "parents": [
            {"sha": sha, "url": f"{url}/git/commits/{sha}", "html_url": f"{url}/commits/{sha}"}
            for sha in commit.parents
        ],
        "verification": UNSIGNED,
    }


def commit(url: str, found: Commit) -> Json:
    """Return a `commit`."""
    at = f"{url}/commits/{found.sha}"
    inner = git_commit(url, found)
    parents = [
        {"sha": sha, "url": f"{url}/commits/{sha}", "html_url": f"{url}/commits/{sha}"}
        for sha in found.parents
    ]
    kept = {key: inner[key] for key in ("author", "committer", "message", "tree", "url", "verification")}
    return {
        "sha": found.sha,
        "node_id": inner["node_id"],
        "url": at,
        "html_url": at,
        "comments_url": f"{at}/comments",
        "commit": {**kept, "comment_count": 0},
        "author": None,
        "committer": None,
        "parents": parents,
    }


def ref(url: str, name: str, target: tuple[str, str]) -> Json:
    """Return a `git-ref` to (id, type)."""
    sha, kind = target
    return {
        "ref": name,
        "node_id": node_id("REF", name),
        "url": f"{url}/git/{quote(name)}",
        "object": {"type": kind, "sha": sha, "url": f"{url}/git/{kind}s/{sha}"},
    }


def tag(url: str, found: Tag) -> Json:
    """Return a `git-tag`."""
    return {
        "sha": found.sha,
        "node_id": node_id("T", found.sha),
        "url": f"{url}/git/tags/{found.sha}",
        "tag": found.name,
        "message": found.message.rstrip("\n"),
        "tagger": found.tagger.data(),
        "object": {"sha": found.object, "type": found.type, "url": f"{url}/git/{found.type}s/{found.object}"},
        "verification": UNSIGNED,
    }


def content(url: str, path: str, entry: Entry, held: bytes | int | None, *, inline: bool) -> Json:
    """Return one file, folder, link or submodule of the contents API; `held` is its bytes, or how many."""
    raw = held if isinstance(held, bytes) else b""
    kind = {"120000": "symlink", "160000": "submodule", "040000": "dir"}.get(entry.mode, "file")
    at = address(url, "contents", path)
    git_url = f"{url}/git/{'trees' if kind == 'dir' else 'blobs'}/{entry.sha}"
    told: Json = {
        "type": kind,
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": entry.sha,
        "size": held if isinstance(held, int) else len(raw),
        "url": at,
        "html_url": at,
        "git_url": git_url,
        "download_url": at if kind == "file" else None,
        "_links": {"self": at, "git": git_url, "html": at},
    }
    if inline and kind == "file":
        small = len(raw) <= INLINE_LIMIT
        told |= {"encoding": "base64" if small else "none", "content": encoded(raw) if small else ""}
    if inline and kind == "symlink":
        told["target"] = raw.decode(errors="replace")
    if inline and kind == "submodule":
        told["submodule_git_url"] = None
    return told


def encoded(raw: bytes) -> str:
    """Encode as GitHub does: Base64 in lines."""
    return base64.encodebytes(raw).decode()
