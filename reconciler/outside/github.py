"""GitHub, GitHub Enterprise and the local forge, through one door: GraphQL to look, REST to read on."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from reconciler.model.errors import ShipError, Terminal, Transient
from reconciler.model.product import ProductName, RepoRef
from reconciler.model.secret import Secret
from reconciler.outside.call import Answer, Call, Overloaded
from reconciler.outside.github_query import Question, view
from reconciler.outside.http import Http
from reconciler.ports import Look, RepoView, TreeEntry

AT_ONCE = 50
"""Repositories a query."""
SPARE = 20
"""How many smaller queries a batch may cost that GitHub gave up on."""
API_VERSION = "2022-11-28"

Views = dict[ProductName, RepoView | str]


@dataclass(frozen=True, slots=True)
class Access:
    """Where a GitHub is, and who we are there."""

    base_url: str
    """Of the REST API; GitHub Enterprise: ends in `/api/v3`."""
    token: Secret | None = None
    token_env: str = "GITHUB_TOKEN"
    """Where the token comes from, for messages."""
    in_flight: int = 6
    """Queries at the same time: GitHub wants few, and a forge in this process gains nothing by many."""

    @property
    def graphql_url(self) -> str:
        """Where GraphQL is: beside `/api/v3`, or below the REST root."""
        root = self.base_url.rstrip("/")
        return f"{root.removesuffix('/v3')}/graphql" if root.endswith("/api/v3") else f"{root}/graphql"


class GitHub:
    """Implements `ports.Forge`. Remembers nothing between calls."""

    def __init__(self, http: Http, access: Access) -> None:
        self._http, self._access = http, access

    def look(self, looks: Sequence[Look]) -> Mapping[ProductName, RepoView | str]:
        """Look at many repositories, 50 a query; a str says why one could not be seen."""
        batches = [looks[start : start + AT_ONCE] for start in range(0, len(looks), AT_ONCE)]
        views: Views = {}
        if len(batches) == 1 or self._access.in_flight == 1:
            found: Iterable[Views] = map(self._batch, batches)
        else:
            with ThreadPoolExecutor(self._access.in_flight) as pool:
                found = list(pool.map(self._batch, batches))
        for some in found:
            views.update(some)
        return views

    def tree(self, repo: RepoRef, tree: str) -> Sequence[TreeEntry]:
        """Read a tree recursively, blobs only, sorted by path. Raises Transient, Terminal."""
        return sorted(self._walk(repo, tree, ""), key=lambda entry: entry.path)

    def blob(self, repo: RepoRef, sha: str) -> bytes:
        """Read one blob. Raises Transient, Terminal."""
        return base64.b64decode(self._rest(repo, f"git/blobs/{quote(sha, safe='')}").json()["content"])

    def contains(self, repo: RepoRef, *, descendant: str, ancestor: str) -> bool:
        """Say whether `ancestor` is `descendant` or one of its ancestors. Raises Transient, Terminal."""
        if descendant == ancestor:
            return True
        between = f"{quote(ancestor, safe='')}...{quote(descendant, safe='')}"
        answer = self._send(repo, f"compare/{between}?per_page=1")
        if answer.status == 404 and _message(answer).startswith("No common ancestor"):  # noqa: PLR2004 -- Not Found
            return False
        return self._accepted(answer, repo).json()["status"] in {"ahead", "identical"}

    # ── GraphQL ──────────────────────────────────────────────────────────────────────────────────

    def _batch(self, looks: Sequence[Look]) -> Views:
        """Look at up to 50; what GitHub gives up on is asked again by halves."""
        views: Views = {}
        waiting, spare = [looks], SPARE
        while waiting:
            some = waiting.pop(0)
            try:
                views |= self._ask(some)
            except Overloaded as error:
                if len(some) > 1 and spare > 0:
                    middle = len(some) // 2
                    waiting += [some[:middle], some[middle:]]
                    spare -= 2
                else:
                    views |= dict.fromkeys((look.product for look in some), str(error))
            except ShipError as error:
                views |= dict.fromkeys((look.product for look in some), str(error))
        return views

    def _ask(self, looks: Sequence[Look]) -> Views:
        question = Question(looks)
        body = json.dumps({"query": question.document, "variables": question.variables}).encode()
        headers = {**self._headers(), "content-type": "application/json"}
        answer = self._http.send(
            Call("POST", self._access.graphql_url, headers, body, tries=3, divisible=True)  # it only reads
        )
        self._accepted(answer, None)
        document = answer.json()
        if not isinstance(document, dict):
            msg = f"{self._host} answered GraphQL with something else"
            raise Transient(msg)
        broken = self._errors(answer, document)
        data = document.get("data") or {}
        return {
            look.product: self._view(data.get(f"r{number}", {}), look, broken.get(f"r{number}"))
            for number, look in enumerate(looks)
        }

    def _view(self, node: Mapping[str, Any] | None, look: Look, error: str | None) -> RepoView | str:
        if error == "NOT_FOUND" or (error is None and node is None):
            return f"repository not found or no access: {look.repo}"
        if error is not None or node is None:
            return f"{self._host} about {look.repo}: {error}"
        try:
            return view(node, look)
        except (KeyError, TypeError):
            return f"{self._host} about {look.repo}: the answer is not what was asked for"

    def _errors(self, answer: Answer, document: Mapping[str, Any]) -> Mapping[str, str]:
        """Sort GraphQL errors (they come under status 200) by alias; raise those that concern all."""
        broken: dict[str, str] = {}
        for told in document.get("errors") or ():
            error = told if isinstance(told, dict) else {"message": told}
            kind, text = (
                str(error.get("type", "")),
                _line(str(error.get("message", "an error without words"))),
            )
            if kind in {"RATE_LIMITED", "RATE_LIMIT"}:
                raise Transient(self._limited(answer))
            path = error.get("path")
            if not isinstance(path, list) or not path or not isinstance(path[0], str):
                timed_out = "timeout" in text.lower() or kind == "RESOURCE_LIMITS_EXCEEDED"
                msg = f"{self._host}: {text}"
                raise Overloaded(msg) if timed_out else Terminal(msg)
            broken.setdefault(path[0], "NOT_FOUND" if kind == "NOT_FOUND" and len(path) == 1 else text)
        return broken

    # ── REST ─────────────────────────────────────────────────────────────────────────────────────

    def _walk(self, repo: RepoRef, tree: str, below: str) -> Iterator[TreeEntry]:
        """Read a tree in one call, or folder by folder when GitHub cuts it (100,000 entries, 7 MB)."""
        address = f"git/trees/{quote(tree, safe='')}"
        document = self._rest(repo, f"{address}?recursive=1").json()
        if whole := not document["truncated"]:
            entries = document["tree"]
        else:
            entries = self._rest(repo, address).json()["tree"]
        for entry in entries:
            path = f"{below}{entry['path']}"
            if entry["type"] == "blob":
                yield TreeEntry(path, entry["sha"], entry["mode"])
            elif entry["type"] == "tree" and not whole:
                yield from self._walk(repo, entry["sha"], f"{path}/")

    def _rest(self, repo: RepoRef, path: str) -> Answer:
        return self._accepted(self._send(repo, path), repo)

    def _send(self, repo: RepoRef, path: str) -> Answer:
        owner, name = (quote(part, safe="") for part in repo.slug)
        return self._http.get(
            f"{self._access.base_url.rstrip('/')}/repos/{owner}/{name}/{path}", self._headers()
        )

    # ── what both share ──────────────────────────────────────────────────────────────────────────

    @property
    def _host(self) -> str:
        return urlsplit(self._access.base_url).hostname or "the forge"

    def _headers(self) -> dict[str, str | Secret]:
        headers: dict[str, str | Secret] = {
            "accept": "application/vnd.github+json",
            "x-github-api-version": API_VERSION,
        }
        if self._access.token is not None:
            headers["authorization"] = Secret(f"Bearer {self._access.token.reveal()}")
        return headers

    def _accepted(self, answer: Answer, repo: RepoRef | None) -> Answer:
        """Return a good answer. Raises Terminal or Transient with what a person should know of a bad one."""
        if answer.status < 300:  # noqa: PLR2004 -- redirects and errors begin here, RFC 9110
            return answer
        name, about = self._access.token_env, f" about {repo}" if repo else ""
        if answer.status in {401, 403} and self._access.token is None:
            msg = f"{name} is not set, and {self._host} wants a token"
            raise Terminal(msg)
        if answer.status == 401:  # noqa: PLR2004 -- Unauthorized
            msg = f"{name} is not accepted by {self._host}"
            raise Terminal(msg)
        headers = answer.headers
        if answer.status == 429 or "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0":  # noqa: PLR2004 -- Too Many Requests
            raise Transient(self._limited(answer))
        if repo is not None and answer.status == 404:  # noqa: PLR2004 -- Not Found
            msg = f"not found or no access: {repo} ({_message(answer)})"
            raise Terminal(msg)
        msg = f"{self._host}{about}: {answer.status} {_message(answer)}".rstrip()
        raise Terminal(msg)

    def _limited(self, answer: Answer) -> str:
        """Say when it ends: by the reset header; a bare Retry-After gives no time that stands still."""
        reset = answer.headers.get("x-ratelimit-reset", "")
        if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
            until = datetime.fromtimestamp(int(reset), UTC)
            return f"the rate limit of {self._host} is used up until {until:%Y-%m-%dT%H:%M:%SZ}"
        return f"{self._host} asks to wait (secondary rate limit)"


def _message(answer: Answer) -> str:
    try:
        document = answer.json()
    except Transient:
        return ""
    return _line(str(document.get("message", ""))) if isinstance(document, dict) else ""


def _line(text: str) -> str:
    """Make one short line of a server's text."""
    return " ".join(text.split())[:200]
