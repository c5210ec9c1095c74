"""Every REST operation that the local forge serves, held to GitHub's OpenAPI document."""

import base64
import json
from pathlib import Path

import httpx
import pytest
from graphql import parse

from tests.contracts.openapi import contract, full_schema, graphql_errors
from tests.contracts.subset import CUT, cut, full_sdl
from tests.world.hub import BASE, Hub

REPO = "/repos/acme/tidy"
Step = tuple[str, str, dict[str, object] | None, int]


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """A forge with one repository of two branches and two tags."""
    hub = Hub(tmp_path)
    bare = hub.add("acme", "tidy", {"README.md": "# Tidy\n", "docs/index.md": "x\n"})
    bare.tag("v1.0.0", annotated=True)
    bare.commit({"src/a.py": "a = 1\n"})
    bare.tag("v1.1.0")
    bare.commit({"index.html": "<p>"}, branch="feature/ü-x")
    hub.add("acme", "empty")
    return hub


def ids(hub: Hub) -> dict[str, str]:
    """Return the ids that paths of the table need."""
    git = {"head": "main", "old": "v1.0.0^{commit}", "tag": "v1.0.0", "tree": "main^{tree}"}
    bare = hub.add("acme", "tidy")
    found = {name: bare.git("rev-parse", text) for name, text in git.items()}
    found["blob"] = bare.git("rev-parse", "main:README.md")
    return found


READS = [
    ("/", 200),
    ("/rate_limit", 200),
    ("/user", 200),
    (f"{REPO}", 200),
    ("/repos/acme/none", 404),
    ("/repos/acme/empty", 200),
    (f"{REPO}/branches", 200),
    (f"{REPO}/branches?protected=true", 200),
    (f"{REPO}/branches?per_page=1&page=2", 200),
    (f"{REPO}/branches/main", 200),
    (f"{REPO}/branches/feature/%C3%BC-x", 200),
    (f"{REPO}/branches/none", 404),
    (f"{REPO}/commits", 200),
    (f"{REPO}/commits?path=src/a.py", 200),
    (f"{REPO}/commits?since=2000-01-01T00:00:00Z&until=2030-01-01T00:00:00Z&author=Ada", 200),
    (f"{REPO}/commits?sha=none", 404),
    ("/repos/acme/empty/commits", 409),
    (f"{REPO}/commits/main", 200),
    (f"{REPO}/commits/v1.0.0", 200),
    (f"{REPO}/commits/none", 422),
    (f"{REPO}/compare/v1.0.0...main", 200),
    (f"{REPO}/compare/main...v1.0.0", 200),
    (f"{REPO}/compare/main...main", 200),
    (f"{REPO}/compare/main...feature%2F%C3%BC-x", 404),
    (f"{REPO}/compare/main...none", 404),
    (f"{REPO}/tags", 200),
    (f"{REPO}/tags?per_page=1", 200),
    (f"{REPO}/git/ref/heads/main", 200),
    (f"{REPO}/git/ref/tags/v1.0.0", 200),
    (f"{REPO}/git/ref/heads/none", 404),
    (f"{REPO}/git/matching-refs/heads/fea", 200),
    (f"{REPO}/git/matching-refs/tags/none", 200),
    (f"{REPO}/git/commits/{{head}}", 200),
    (f"{REPO}/git/commits/{{tag}}", 404),
    (f"{REPO}/git/trees/{{tree}}", 200),
    (f"{REPO}/git/trees/main?recursive=1", 200),
    (f"{REPO}/git/trees/{{blob}}", 404),
    (f"{REPO}/git/blobs/{{blob}}", 200),
    (f"{REPO}/git/blobs/{{tree}}", 404),
    (f"{REPO}/git/tags/{{tag}}", 200),
    (f"{REPO}/git/tags/{{head}}", 404),
    (f"{REPO}/contents/README.md", 200),
    (f"{REPO}/contents/README.md?ref=v1.0.0", 200),
    (f"{REPO}/contents/docs", 200),
    (f"{REPO}/contents/none", 404),
    (f"{REPO}/contents/README.md?ref=none", 404),
]


@pytest.mark.parametrize(("path", "status"), READS, ids=[f"{path} {status}" for path, status in READS])
def test_read(hub: Hub, path: str, status: int) -> None:
    """What is read is there in GitHub's form, and a second look with its ETag costs nothing."""
    path = path.format(**ids(hub))
    with hub.client() as client:
        answer = client.get(path)
        assert answer.status_code == status
        if status == 200:
            again = client.get(path, headers={"if-none-match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")


def b64(text: str) -> str:
    """Encode content for the contents API."""
    return base64.b64encode(text.encode()).decode()


WRITES: dict[str, list[Step]] = {
    "a new branch": [
        ("POST", f"{REPO}/git/refs", {"ref": "refs/heads/new", "sha": "{head}"}, 201),
        ("POST", f"{REPO}/git/refs", {"ref": "refs/heads/new", "sha": "{head}"}, 422),
    ],
    "a ref that is none": [
        ("POST", f"{REPO}/git/refs", {"ref": "refs/heads/../x", "sha": "{head}"}, 422),
        ("POST", f"{REPO}/git/refs", {"ref": "main", "sha": "{head}"}, 422),
    ],
    "a branch of no commit": [
        ("POST", f"{REPO}/git/refs", {"ref": "refs/heads/new", "sha": "{tree}"}, 422),
        ("POST", f"{REPO}/git/refs", {"ref": "refs/heads/new", "sha": "0" * 40}, 422),
    ],
    "back and forth": [
        ("PATCH", f"{REPO}/git/refs/heads/main", {"sha": "{old}"}, 422),
        ("PATCH", f"{REPO}/git/refs/heads/main", {"sha": "{old}", "force": True}, 200),
        ("PATCH", f"{REPO}/git/refs/heads/main", {"sha": "{head}", "force": False}, 200),
    ],
    "a missing branch does not move": [("PATCH", f"{REPO}/git/refs/heads/none", {"sha": "{head}"}, 422)],
    "gone": [
        ("DELETE", f"{REPO}/git/refs/tags/v1.1.0", None, 204),
        ("DELETE", f"{REPO}/git/refs/tags/v1.1.0", None, 422),
    ],
    "a commit": [
        ("POST", f"{REPO}/git/commits", {"message": "m", "tree": "{tree}", "parents": ["{head}"]}, 201),
        (
            "POST",
            f"{REPO}/git/commits",
            {
                "message": "m",
                "tree": "{tree}",
                "author": {"name": "A", "email": "a@example.org", "date": "2026-01-01T00:00:00Z"},
            },
            201,
        ),
    ],
    "a commit of nothing": [
        ("POST", f"{REPO}/git/commits", {"message": "m", "tree": "{blob}"}, 422),
        ("POST", f"{REPO}/git/commits", {"message": "m", "tree": "{tree}", "parents": ["{tree}"]}, 422),
    ],
    "a tree": [
        (
            "POST",
            f"{REPO}/git/trees",
            {
                "base_tree": "{tree}",
                "tree": [
                    {"path": "a/b.txt", "mode": "100644", "type": "blob", "content": "x"},
                    {"path": "README.md", "mode": "100644", "type": "blob", "sha": None},
                    {"path": "copy.md", "mode": "100755", "type": "blob", "sha": "{blob}"},
                ],
            },
            201,
        ),
    ],
    "a bad tree": [
        ("POST", f"{REPO}/git/trees", {"tree": [{"path": "../x", "mode": "100644", "content": "x"}]}, 422),
        ("POST", f"{REPO}/git/trees", {"tree": [{"path": ".GIT/x", "mode": "100644", "content": "x"}]}, 422),
        ("POST", f"{REPO}/git/trees", {"tree": [{"path": "x", "mode": "100644", "sha": None}]}, 422),
        ("POST", f"{REPO}/git/trees", {"tree": [{"path": "x", "mode": "100644", "sha": "{tree}"}]}, 422),
        ("POST", f"{REPO}/git/trees", {"tree": [{"path": "x", "mode": "100644", "sha": "-x"}]}, 422),
        ("POST", f"{REPO}/git/trees", {"tree": [], "base_tree": "{blob}"}, 422),
    ],
    "a blob": [
        ("POST", f"{REPO}/git/blobs", {"content": "x"}, 201),
        ("POST", f"{REPO}/git/blobs", {"content": b64("x"), "encoding": "base64"}, 201),
        ("POST", f"{REPO}/git/blobs", {"content": "!", "encoding": "base64"}, 422),
    ],
    "a tag": [
        (
            "POST",
            f"{REPO}/git/tags",
            {"tag": "v2", "message": "m", "object": "{head}", "type": "commit"},
            201,
        ),
        ("POST", f"{REPO}/git/tags", {"tag": "v2", "message": "m", "object": "{head}", "type": "tree"}, 422),
        (
            "POST",
            f"{REPO}/git/tags",
            {"tag": "a b", "message": "m", "object": "{head}", "type": "commit"},
            422,
        ),
    ],
    "a file": [
        ("PUT", f"{REPO}/contents/new/a.txt", {"message": "m", "content": b64("x")}, 201),
        ("PUT", f"{REPO}/contents/README.md", {"message": "m", "content": b64("x")}, 422),
        ("PUT", f"{REPO}/contents/README.md", {"message": "m", "content": b64("x"), "sha": "{head}"}, 409),
        ("PUT", f"{REPO}/contents/README.md", {"message": "m", "content": b64("x"), "sha": "{blob}"}, 200),
        ("DELETE", f"{REPO}/contents/docs", {"message": "m", "sha": "{blob}"}, 404),
        ("DELETE", f"{REPO}/contents/README.md", {"message": "m", "sha": "{blob}"}, 409),
        ("PUT", f"{REPO}/contents/x", {"message": "m", "content": b64("x"), "branch": "none"}, 404),
        ("PUT", f"{REPO}/contents/.git/config", {"message": "m", "content": b64("x")}, 422),
    ],
    "the first file of an empty repository": [
        ("PUT", "/repos/acme/empty/contents/a.txt", {"message": "m", "content": b64("x")}, 201),
        ("GET", "/repos/acme/empty/contents/a.txt", None, 200),
    ],
    "a file gone": [
        ("DELETE", f"{REPO}/contents/README.md", {"message": "m", "sha": "{blob}", "branch": "main"}, 200),
        ("GET", f"{REPO}/contents/README.md", None, 404),
    ],
}


@pytest.mark.parametrize("steps", WRITES.values(), ids=list(WRITES))
def test_write(hub: Hub, steps: list[Step]) -> None:
    """What is written is answered in GitHub's form, and what must not be is refused in GitHub's words."""
    known = ids(hub)
    with hub.client() as client:
        for method, path, body, status in steps:
            filled = json.loads(_filled(json.dumps(body), known)) if body else None
            answer = client.request(method, path, json=filled)
            assert answer.status_code == status, answer.text


def _filled(text: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def test_operations_that_are_served_are_all_in_the_table(hub: Hub) -> None:
    """Each route of the forge is an operation of GitHub's document that the tables above call."""
    called = set()
    for path, _ in READS:
        called.add(("get", path.partition("?")[0]))
    for steps in WRITES.values():
        called |= {(method.lower(), path) for method, path, _, _ in steps}
    from reconciler.localforge import rest_contents, rest_git, rest_meta, rest_repos  # noqa: PLC0415 -- only here

    served = {
        operation.id
        for operation in contract().operations
        for method, path in called
        if operation.method == method and operation.path.fullmatch(path)
    }
    routes = [*rest_contents.ROUTES, *rest_git.ROUTES, *rest_meta.ROUTES, *rest_repos.ROUTES]
    assert len(served) == len(routes) - len(["/graphql", "the folder at the root of contents"])


def test_the_served_schema_is_githubs(hub: Hub) -> None:
    """The cut is GitHub's own text, type by type, and not stale."""
    assert CUT.read_text() == cut(parse(full_sdl(), no_location=True))


def test_a_planted_unknown_field_fails() -> None:
    """The contract bites: an unknown parameter, body field, path, answer and GraphQL field are all told."""
    check = contract().check
    refused = {"message": "m", "documentation_url": "d"}
    asked = httpx.Request("GET", f"{BASE}{REPO}/tags?colour=red")
    sent = httpx.Request("POST", f"{BASE}{REPO}/git/blobs", json={"content": "x", "colour": "red"})
    assert check(asked, 200, []) == ["repos/list-tags: unknown query parameter colour"]
    assert check(sent, 404, refused) == ["git/create-blob: unknown field colour in the body"]
    assert check(httpx.Request("GET", f"{BASE}/colours"), 200, {}) == ["no operation for GET /colours"]
    assert check(httpx.Request("GET", f"{BASE}{REPO}/tags"), 200, [{"name": 1}])
    assert check(httpx.Request("GET", f"{BASE}{REPO}/tags?per_page=many"), 200, [])
    assert check(httpx.Request("POST", f"{BASE}{REPO}/git/blobs"), 404, refused)
    assert check(httpx.Request("GET", f"{BASE}{REPO}/tags"), 418, {})
    assert graphql_errors('{ repository(owner: "a", name: "b") { colour } }')
    assert full_schema().query_type is not None
