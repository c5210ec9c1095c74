"""Whatever is asked of the forge: an answer below 500, nothing from outside, nothing changed."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from tests.world.hub import Hub

SECRET = "the-content-outside"
NAMES = [
    "a/b",
    "..",
    "../..",
    "../../outside",
    "%2e%2e",
    "..%2f..%2foutside",
    "....//",
    "-x",
    "--upload-pack=touch x",
    "--output=x",
    "-",
    "ü/ß",
    "\x00",
    "a\x00b",
    "HEAD",
    "config",
    "refs/heads/main",
    "main:README.md",
    "main^{tree}",
    "@{u}",
    ":/fix",
    "x" * 5000,
    "0" * 40,
    "'; drop",
    "\r\nx-y: z",
    "packed-refs",
    "heads/../../config",
    "heads/../../../outside/secret",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
]
PLACES = [
    "/repos/{name}/tidy",
    "/repos/acme/{name}",
    "/repos/acme/tidy/branches/{name}",
    "/repos/acme/tidy/commits/{name}",
    "/repos/acme/tidy/commits?sha={name}",
    "/repos/acme/tidy/commits?path={name}",
    "/repos/acme/tidy/commits?author={name}",
    "/repos/acme/tidy/commits?since={name}",
    "/repos/acme/tidy/commits?page={name}&per_page={name}",
    "/repos/acme/tidy/compare/{name}...main",
    "/repos/acme/tidy/compare/main...{name}",
    "/repos/acme/tidy/compare/{name}",
    "/repos/acme/tidy/git/ref/{name}",
    "/repos/acme/tidy/git/matching-refs/{name}",
    "/repos/acme/tidy/git/commits/{name}",
    "/repos/acme/tidy/git/trees/{name}",
    "/repos/acme/tidy/git/trees/main?recursive={name}",
    "/repos/acme/tidy/git/blobs/{name}",
    "/repos/acme/tidy/git/tags/{name}",
    "/repos/acme/tidy/contents/{name}",
    "/repos/acme/tidy/contents/README.md?ref={name}",
    "/{name}",
]


def world(folder: Path) -> tuple[Hub, Path]:
    """Make a repository, and beside it what must never be seen or touched."""
    hub = Hub(folder / "inside")
    hub.add("acme", "tidy", {"README.md": "# Tidy\n", "docs/a.md": "x"})
    outside = folder / "outside"
    outside.mkdir()
    (outside / "secret").write_text(SECRET)
    (folder / "inside" / "acme" / "outside").write_text(SECRET)
    return hub, folder


def files(folder: Path) -> dict[str, bytes]:
    """Read every file below a folder."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("place", PLACES)
def test_read(tmp_path: Path, place: str) -> None:
    """Each hostile name in each place of a read, plain and encoded."""
    hub, folder = world(tmp_path)
    client, before = Client(hub.app), files(folder)
    for name in NAMES:
        for written in (quote(name, safe=""), quote(name), quote(quote(name, safe=""), safe="")):
            answer = client.get(place.format(name=written))
            assert answer.status_code < 500, (place, name)
            assert SECRET not in answer.text
    assert files(folder) == before


@pytest.mark.parametrize("name", NAMES)
def test_write(tmp_path: Path, name: str) -> None:
    """Each hostile name in each field of a write: refused, or done inside the repository."""
    hub, folder = world(tmp_path)
    client, sha = Client(hub.app), hub.add("acme", "tidy").tip()
    url, written = "/repos/acme/tidy", quote(name, safe="/")
    person = {"name": name, "email": name, "date": "2026-01-01T00:00:00Z"}
    tries: list[tuple[str, str, dict[str, object]]] = [
        ("POST", f"{url}/git/refs", {"ref": f"refs/heads/{name}", "sha": sha}),
        ("POST", f"{url}/git/refs", {"ref": name, "sha": sha}),
        ("POST", f"{url}/git/refs", {"ref": "refs/heads/x", "sha": name}),
        ("PATCH", f"{url}/git/refs/heads/{written}", {"sha": sha, "force": True}),
        ("PATCH", f"{url}/git/refs/heads/main", {"sha": name}),
        ("DELETE", f"{url}/git/refs/heads/x{written}", {}),
        ("POST", f"{url}/git/commits", {"message": name, "tree": name, "parents": [name]}),
        ("POST", f"{url}/git/trees", {"base_tree": name, "tree": []}),
        ("POST", f"{url}/git/trees", {"tree": [{"path": name, "mode": "100644", "content": name}]}),
        ("POST", f"{url}/git/trees", {"tree": [{"path": "x", "mode": name, "sha": name}]}),
        ("POST", f"{url}/git/blobs", {"content": name, "encoding": name}),
        ("POST", f"{url}/git/tags", {"tag": name, "message": name, "object": sha, "type": "commit"}),
        ("PUT", f"{url}/contents/{written}", {"message": name, "content": "eA==", "author": person}),
        ("PUT", f"{url}/contents/x", {"message": "m", "content": name, "branch": name}),
        ("DELETE", f"{url}/contents/{written}", {"message": name, "sha": name}),
        ("POST", "/graphql", {"query": name, "variables": {name: name}}),
    ]
    for method, path, body in tries:
        answer = client.open(path, method=method, json=body)
        assert answer.status_code < 500, (method, path, body)
        assert SECRET not in answer.text
    left = {path: raw for path, raw in files(folder).items() if "tidy.git" not in path}
    assert set(left.values()) == {SECRET.encode()}
    assert hub.add("acme", "tidy").git("fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b"\xff", 400), (b'{"query": 7}', 400), (b"", 400), (b'"x"', 400)],
)
def test_body(tmp_path: Path, body: bytes, status: int) -> None:
    """A body that is no JSON object is refused in GitHub's form."""
    hub, _ = world(tmp_path)
    answer = Client(hub.app).post("/graphql", data=body)
    assert (answer.status_code, set(json.loads(answer.text))) == (
        status,
        {"message", "documentation_url", "status"},
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(path=st.lists(st.text(max_size=12), min_size=1, max_size=5))
def test_any_path(tmp_path_factory: pytest.TempPathFactory, path: list[str]) -> None:
    """Any path at all below a repository is answered."""
    hub, _ = world(tmp_path_factory.mktemp("any"))
    escaped = "/".join(quote(part.encode("utf-8", "replace"), safe="") for part in path)
    assert Client(hub.app).get(f"/repos/acme/tidy/{escaped}").status_code < 500
