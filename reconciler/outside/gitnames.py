"""What may reach a git command line: addresses, refs and commits, checked before any process starts."""

import re
from urllib.parse import SplitResult, urlsplit

from reconciler.model.errors import Terminal

_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-f:]+")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_NOT_IN_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")


def check_url(url: str) -> str:
    """Return the address. Raises Terminal unless it is file, https, ssh, or http to loopback."""
    try:
        parts = urlsplit(url)
        wrong = _wrong(url, parts)
    except ValueError:
        wrong = "cannot be read"
    if wrong:
        msg = f"git address {_shown(url)!r} {wrong}"
        raise Terminal(msg)
    return url


def _wrong(url: str, parts: SplitResult) -> str | None:
    if re.search(r"[\x00-\x20\x7f]", url):
        return "holds spaces or control characters"
    if parts.query or parts.fragment:
        return "has a query or a fragment"
    if parts.scheme == "file":
        return None if not parts.netloc and parts.path.startswith("/") else "is not an absolute path"
    if parts.scheme not in {"https", "http", "ssh"}:
        return "has no allowed scheme (file, https, ssh)"
    return _wrong_host(parts, parts.hostname or "")


def _wrong_host(parts: SplitResult, host: str) -> str | None:
    user = parts.username
    if not _HOST.fullmatch(host):
        return "has no valid host"
    if parts.password is not None or (user is not None and parts.scheme != "ssh"):
        return "holds a credential: credentials come from the environment"
    if user is not None and not _USER.fullmatch(user):
        return "has no valid user"
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(host):
        return "is plain http, which is allowed to loopback only"
    return None


def _shown(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//***@", url)


def check_ref(ref: str) -> str:
    """Return the full ref name. Raises Terminal unless it is one (rules of git-check-ref-format)."""
    parts = ref.split("/")
    bad = (
        not ref.startswith("refs/")
        or len(parts) < 3  # noqa: PLR2004 -- refs, heads, name
        or _NOT_IN_REF.search(ref)
        or ref.endswith(("/", "."))
        or any(part.startswith((".", "-")) or part.endswith(".lock") for part in parts)
    )
    if bad:
        msg = f"{ref!r} is not a valid ref name"
        raise Terminal(msg)
    return ref


def check_commit(commit: str) -> str:
    """Return the commit id. Raises Terminal unless it is 40 or 64 hex digits."""
    if not _COMMIT.fullmatch(commit):
        msg = f"{commit!r} is not a commit id"
        raise Terminal(msg)
    return commit
