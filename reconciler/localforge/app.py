"""The forge as a WSGI application: routes, errors, ETags and paging in GitHub's form."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from reconciler.localforge.plumbing import GitError
from reconciler.localforge.repository import Repository
from reconciler.ports import Clock

DOCUMENTATION = "https://docs.github.com/rest"
BODY_LIMIT = 32 * 1024 * 1024
Repositories = Mapping[tuple[str, str], Path]
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
log = logging.getLogger(__name__)


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Reply:
    """What a view answers."""

    data: Any = None
    """JSON; None: no body."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, for a view."""

    request: Request
    now: datetime
    base: str
    """Address of the API without a slash at its end."""
    repository: Repository
    find: Callable[[str, str], Repository | None]

    @property
    def url(self) -> str:
        """Address of the repository in the API."""
        return f"{self.base}/repos/{self.repository.full_name}"

    def body(self) -> dict[str, Any]:
        """Return the JSON object that was sent. Raises RefusedError."""
        try:
            document = json.loads(self.request.get_data() or b"{}")
        except ValueError as error:
            raise RefusedError(400, "Problems parsing JSON") from error
        if not isinstance(document, dict):
            raise RefusedError(400, "Body should be a JSON object")
        return document

    def page(self, items: list[Any]) -> Reply:
        """Cut one page (`page`, `per_page` to 100) and link to its neighbours (RFC 8288)."""
        size, number = self.number("per_page", 30, 100), self.number("page", 1, 1 << 31)
        last = max(1, -(-len(items) // size))
        wanted = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
        if number >= last:
            del wanted["next"], wanted["last"]
        if number == 1:
            del wanted["prev"], wanted["first"]
        links = ", ".join(f'<{self._at(page)}>; rel="{name}"' for name, page in wanted.items())
        return Reply(items[(number - 1) * size : number * size], headers={"link": links} if links else {})

    def number(self, name: str, default: int, most: int) -> int:
        """Read a whole number from 1 on of the query; anything else is the default."""
        text = self.request.args.get(name, "")
        return min(int(text[:9]), most) or default if text.isascii() and text.isdigit() else default

    def _at(self, page: int) -> str:
        query = self.request.args.to_dict() | {"page": str(page)}
        return f"{self.base}{self.request.path}?{urlencode(query)}"


View = Callable[..., Reply]


class Forge:
    """Routes requests to views. Safe to call from many threads: it holds nothing that changes."""

    def __init__(
        self,
        repositories: Repositories,
        routes: Iterable[tuple[str, str, View]],
        clock: Clock,
        token: str | None,
    ) -> None:
        self._repositories, self._clock, self._token = repositories, clock, token
        self._map = Map(
            [Rule(path, methods=[method], endpoint=view) for method, path, view in routes],
            merge_slashes=False,
            strict_slashes=False,
        )

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request (PEP 3333)."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(("/api/v3", "/api/graphql")):  # where GitHub Enterprise has them
            environ = {**environ, "PATH_INFO": path.removeprefix("/api/v3").removeprefix("/api") or "/"}
        request = Request(environ)
        request.max_content_length = BODY_LIMIT
        return self._finish(request, self._serve(request))(environ, start)

    def _serve(self, request: Request) -> Reply:
        try:
            self._admit(request)
            view, values = self._map.bind_to_environ(request.environ).match()
            return self._view(request, view, values)
        except RefusedError as error:
            return _refusal(error.status, str(error))
        except MethodNotAllowed:
            return _refusal(404, "Not Found")
        except HTTPException as error:
            return _refusal(error.code or 500, error.name)
        except GitError as error:
            log.warning("git refused: %s", error)
            return _refusal(422, "Git refused the operation")

    def _view(self, request: Request, view: View, values: Mapping[str, Any]) -> Reply:
        owner, name = values.get("owner"), values.get("repo")
        repository = self._find(owner or "", name or "")
        if owner is not None and repository is None:
            raise RefusedError(404, "Not Found")
        nothing = Repository(Path(), "", "")
        base = request.root_url.rstrip("/")
        asked = Asked(request, self._clock.now(), base, repository or nothing, self._find)
        rest = {key: value for key, value in values.items() if key not in {"owner", "repo"}}
        return view(asked, **rest)

    def _find(self, owner: str, name: str) -> Repository | None:
        folder = self._repositories.get((owner, name))
        if folder is None or not (folder / "HEAD").is_file():
            return None
        return Repository(folder, owner, name)

    def _admit(self, request: Request) -> None:
        if "origin" in request.headers:  # a page in a browser, which may be anybody's
            raise RefusedError(403, "Not for browsers")
        if self._token is None:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in {"bearer", "token"} or not given:
            raise RefusedError(401, "Requires authentication")
        if not compare_digest(given.encode(), self._token.encode()):
            raise RefusedError(401, "Bad credentials")

    def _finish(self, request: Request, reply: Reply) -> Response:
        headers = dict(reply.headers) | {
            "x-github-media-type": "github.v3; format=json",
            "x-github-api-version-selected": "2022-11-28",
            "x-ratelimit-limit": "5000",
            "x-ratelimit-remaining": "5000",
            "x-ratelimit-reset": str(int(self._clock.now().timestamp()) + 3600),
            "x-ratelimit-used": "0",
        }
        if reply.data is None:
            return Response(status=reply.status, headers=headers)
        body = json.dumps(reply.data, ensure_ascii=False).encode("utf-8", "replace")
        if request.method == "GET" and reply.status == 200:  # noqa: PLR2004 -- OK, RFC 9110
            headers["etag"] = f'W/"{hashlib.sha256(body).hexdigest()}"'
            headers["cache-control"] = "private, max-age=60, s-maxage=60"
            if request.headers.get("if-none-match") == headers["etag"]:
                return Response(status=304, headers=headers)
        return Response(body, reply.status, headers, content_type="application/json; charset=utf-8")


def _refusal(status: int, message: str) -> Reply:
    told = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
    return Reply(told, status)
