"""The local forge over real bare repositories: what git says is what the forge answers."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from reconciler.localforge import writing
from reconciler.localforge.forge import discover, forge
from reconciler.localforge.graph import TEXT_LIMIT
from reconciler.localforge.objects import Commit, Person, Tag, stamp, valid_ref
from reconciler.localforge.plumbing import GitError, git
from reconciler.localforge.repository import Repository
from reconciler.localforge.rest_git import TREE_LIMIT
from reconciler.localforge.shapes import INLINE_LIMIT
from reconciler.model.product import RepoRef
from tests.contracts.openapi import graphql_errors
from tests.world.bare import Bare
from tests.world.hub import Hub
from tests.world.notes import Still

TIDY = "/repos/acme/tidy"


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """Return a forge with one repository of some history."""
    hub = Hub(tmp_path)
    bare = hub.add("acme", "tidy", {"README.md": "# Tidy\n", "docs/a.md": "a" * 3000, "docs/b.md": "b"})
    for number in range(5):
        bare.commit({"docs/a.md": "a" * 3000 + str(number)}, message=f"change {number}\n\nBody")
        bare.tag(f"v1.{number}.0", annotated=number % 2 == 0)
    return hub


def ask(hub: Hub, query: str, **variables: object) -> dict[str, Any]:
    """Answer a GraphQL query that GitHub's schema accepts, too."""
    assert graphql_errors(query) == []
    answer = Client(hub.app).post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code == 200
    return dict(json.loads(answer.text))


def everything(repository: Repository) -> object:
    """Read all that a repository holds."""
    refs = repository.refs("refs/")
    commits = [repository.commit(sha) for sha in refs.values()]
    trees = [list(repository.walk(commit.tree)) for commit in commits if commit]
    blobs = {
        entry.sha: (repository.blob(entry.sha), repository.size(entry.sha))
        for tree in trees
        for entry in tree
        if entry.type == "blob"
    }
    return refs, commits, trees, blobs, [repository.tag(sha) for sha in refs.values()]


def test_packed_reads_as_loose(hub: Hub) -> None:
    """After `git gc` everything comes from packs, deltas and packed refs, and nothing looks different."""
    folder = hub.repositories["acme", "tidy"]
    before = everything(Repository(folder, "acme", "tidy"))
    Bare(folder).git("gc", "-q", "--prune=now")
    assert not (folder / "refs/heads/main").exists()
    assert everything(Repository(folder, "acme", "tidy")) == before
    assert Repository(folder, "acme", "tidy").size("0" * 40) is None


def test_borrowed_objects_are_read(hub: Hub, tmp_path: Path) -> None:
    """A repository that borrows its objects from another shows them."""
    lender, borrower = hub.repositories["acme", "tidy"], hub.add("acme", "shared")
    (borrower.folder / "objects/info/alternates").write_text(f"{lender / 'objects'}\n")
    tip = Bare(lender).tip() or ""
    borrower.git("update-ref", "refs/heads/main", tip)
    found = Repository(borrower.folder, "acme", "shared").commit(tip)
    assert found == Repository(lender, "acme", "tidy").commit(tip)


def test_refs_of_all_sorts(hub: Hub) -> None:
    """Symbolic refs are followed, circles and rubbish are not; a loose ref hides its packed elder."""
    bare = Bare(hub.repositories["acme", "tidy"])
    tip = bare.tip()
    bare.git("pack-refs", "--all")
    new = bare.commit({"x": "1"})
    for name, text in {
        "alias": "ref: refs/heads/main",
        "circle": "ref: refs/heads/circle",
        "rubbish": "x",
    }.items():
        (bare.folder / "refs/heads" / name).write_text(text)
    repository = Repository(bare.folder, "acme", "tidy")
    assert repository.ref("refs/heads/alias") == new != tip
    assert repository.ref("refs/heads/circle") is repository.ref("refs/heads/rubbish") is None
    assert set(repository.refs("refs/heads/")) == {"refs/heads/alias", "refs/heads/main"}
    (bare.folder / "HEAD").write_text("0" * 40)
    assert repository.head() == "refs/heads/main"


@pytest.mark.parametrize(
    "name",
    [
        "main",
        "refs",
        "refs/x",
        "refs//x",
        "refs/heads/",
        "refs/heads/.x",
        "refs/heads/a..b",
        "refs/heads/x.lock",
        "refs/heads/x/",
        "refs/heads/x.",
        "refs/heads/@{",
        "refs/heads/a~b",
        "refs/heads/a^b",
        "refs/heads/a:b",
        "refs/heads/a?b",
        "refs/heads/a*b",
        "refs/heads/a[b",
        "refs/heads/a\\b",
        "refs/heads/../../x",
        "refs/heads/x.lock/y",
        "refs/heads/x/.y",
    ],
)
def test_what_is_no_ref_name(tmp_path: Path, name: str) -> None:
    """What git refuses as a ref name is refused here."""
    assert not valid_ref(name)
    if name.count("/") > 1:
        with pytest.raises(GitError):
            git(tmp_path, "check-ref-format", name)


def test_broken_people_are_nobody() -> None:
    """A line that is no person reads as one at the epoch; zones count."""
    assert stamp(Person.parse("rubbish").at) == "1970-01-01T00:00:00Z"
    assert stamp(Person.parse("A <a@b> 0 +0130").at) == stamp(Person.parse("A <a@b> 0 -0130").at)
    assert Person.parse("A B <a@b> 7 -0130").raw() == "A B <a@b> 7 +0000"
    raw = b"tree t\nparent p\nauthor A <a> 1 +0000\ncommitter B <b> 2 +0000\ngpgsig x\n y\n\n z\n\nbody\n"
    commit = Commit.parse("s", raw)
    assert (commit.tree, commit.parents, commit.message) == ("t", ("p",), " z\n\nbody\n")
    assert Tag.parse("s", b"object o\ntype commit\ntag v\n\nm").tagger.email == ""


def test_two_writers_lose_nothing(hub: Hub) -> None:
    """Of many commits at once on one branch, each is in its history or was refused."""
    client = Client(hub.app)

    def write(number: int) -> int:
        content = base64.b64encode(str(number).encode()).decode()
        body = {"message": "m", "content": content}
        return client.put(f"{TIDY}/contents/many/{number}", json=body).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(write, range(8)))
    bare = Bare(hub.repositories["acme", "tidy"])
    there = bare.git("ls-tree", "--name-only", "main:many").split() if 201 in statuses else []
    assert set(statuses) <= {201, 409}
    assert sorted(there) == [str(number) for number, status in enumerate(statuses) if status == 201]


def test_pages_are_linked(hub: Hub) -> None:
    """Each page names its neighbours, and all pages together are all items once."""
    client, url, names = Client(hub.app), f"{TIDY}/tags?per_page=2", []
    while url:
        answer = client.get(url)
        names += [tag["name"] for tag in json.loads(answer.text)]
        told = answer.headers.get("link", "").split(", ")
        links = {name: at for at, _, name in (link.partition("; ") for link in told if link)}
        url = links.get('rel="next"', "<>")[1:-1].removeprefix("http://localhost")
    assert names == ["v1.4.0", "v1.3.0", "v1.2.0", "v1.1.0", "v1.0.0"]
    assert set(links) == {'rel="prev"', 'rel="first"'}


def test_graphql_pages_and_orders_tags(hub: Hub) -> None:
    """By commit date or by name, upwards or downwards, page by page."""
    query = """query($after: String, $field: RefOrderField!, $way: OrderDirection!) {
      repository(owner: "acme", name: "tidy") {
        refs(refPrefix: "refs/tags", first: 3, after: $after, orderBy: {field: $field, direction: $way}) {
          totalCount nodes { id name prefix target { id oid abbreviatedOid } }
          pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } } }"""

    def page(field: str, way: str, after: str | None = None) -> tuple[list[str], dict[str, Any]]:
        refs = ask(hub, query, field=field, way=way, after=after)["data"]["repository"]["refs"]
        assert refs["totalCount"] == 5
        return [node["name"] for node in refs["nodes"]], refs["pageInfo"]

    newest, info = page("TAG_COMMIT_DATE", "DESC")
    assert (newest, info["hasNextPage"], info["hasPreviousPage"]) == (
        ["v1.4.0", "v1.3.0", "v1.2.0"],
        True,
        False,
    )
    rest, info = page("TAG_COMMIT_DATE", "DESC", info["endCursor"])
    assert (rest, info["hasNextPage"], info["hasPreviousPage"]) == (["v1.1.0", "v1.0.0"], False, True)
    assert page("ALPHABETICAL", "ASC", "C_rubbish!")[0] == ["v1.0.0", "v1.1.0", "v1.2.0"]


def test_graphql_shows_every_kind_of_object(hub: Hub) -> None:
    """Repository, default branch, commit, tree, blob and tag, each with its fields."""
    bare = Bare(hub.repositories["acme", "tidy"])
    bare.commit({"binary": b"\0", "large": b"x" * (TEXT_LIMIT + 1)})
    query = """{ rateLimit { cost limit nodeCount remaining resetAt used }
      repository(owner: "acme", name: "tidy") {
        databaseId id isArchived isEmpty name nameWithOwner sshUrl url
        defaultBranchRef { name prefix target { ... on Commit {
          committedDate messageHeadline message statusCheckRollup { id state }
          tree { entries { mode name oid path type object { oid } } } } } }
        tag: ref(qualifiedName: "v1.4.0") { target { ... on Tag { name message target { oid } } } }
        none: object(expression: "nowhere:x") { oid } gone: object(expression: "main:x/y") { oid }
        commit: object(expression: "main") { oid __typename }
        binary: object(expression: "main:binary") { ... on Blob { text isBinary byteSize isTruncated } }
        large: object(expression: "HEAD:large") { ... on Blob { text isTruncated byteSize } } } }"""
    answer = ask(hub, query)
    assert "errors" not in answer
    shown = answer["data"]["repository"]
    assert (shown["nameWithOwner"], shown["isEmpty"], shown["url"]) == (
        "acme/tidy",
        False,
        bare.folder.as_uri(),
    )
    tip = shown["defaultBranchRef"]["target"]
    assert (tip["messageHeadline"], tip["statusCheckRollup"]) == ("change", None)
    assert [(entry["name"], entry["type"]) for entry in tip["tree"]["entries"]] == [
        ("README.md", "blob"),
        ("binary", "blob"),
        ("docs", "tree"),
        ("large", "blob"),
    ]
    assert shown["tag"]["target"]["name"] == "v1.4.0"
    assert (shown["none"], shown["gone"]) == (None, None)
    assert shown["commit"] == {"oid": bare.tip(), "__typename": "Commit"}
    assert shown["binary"] == {"text": None, "isBinary": True, "byteSize": 1, "isTruncated": False}
    assert (len(shown["large"]["text"]), shown["large"]["isTruncated"]) == (TEXT_LIMIT, True)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("{", "Syntax Error"),
        ("{ colour }", "Cannot query field"),
        ('{ repository(owner: "a", name: "b") { id } }', "Could not resolve to a Repository"),
        (
            '{ repository(owner: "acme", name: "tidy") { refs(refPrefix: "refs/tags/") { totalCount } } }',
            "first",
        ),
    ],
    ids=["syntax", "unknown field", "no repository", "no page"],
)
def test_graphql_errors_come_in_githubs_form(hub: Hub, query: str, text: str) -> None:
    """A GraphQL error is an answer under status 200 that says what and where."""
    answer = Client(hub.app).post("/graphql", json={"query": query})
    error = json.loads(answer.text)["errors"][0]
    assert answer.status_code == 200
    assert text in error["message"]
    assert (error.get("type") == "NOT_FOUND") is text.startswith("Could not")


def test_contents_of_all_sorts(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links say where they point, submodules that they are, large files come without content."""
    bare, client = Bare(hub.repositories["acme", "tidy"]), Client(hub.app)
    tip = bare.tip()
    link = bare.git("hash-object", "-w", "--stdin", stdin=b"README.md")
    large = bare.git("hash-object", "-w", "--stdin", stdin=b"x" * (INLINE_LIMIT + 1))
    lines = f"120000 blob {link}\tlink\n160000 commit {tip}\tsub\n100644 blob {large}\tlarge\n"
    tree = bare.git("mktree", "--missing", stdin=lines.encode())
    commit = bare.git("-c", "user.name=A", "-c", "user.email=a@b", "commit-tree", tree, "-m", "x")
    bare.git("update-ref", "refs/heads/sorts", commit)

    def content(path: str) -> Any:
        return json.loads(client.get(f"{TIDY}/contents/{path}?ref=sorts").text)

    assert (content("link")["type"], content("link")["target"]) == ("symlink", "README.md")
    assert content("sub")["type"] == "submodule"
    assert (content("large")["encoding"], content("large")["size"]) == ("none", INLINE_LIMIT + 1)
    assert {item["name"]: item["type"] for item in content("")} == {
        "large": "file",
        "link": "symlink",
        "sub": "submodule",
    }
    listed = json.loads(client.get(f"{TIDY}/git/trees/sorts").text)["tree"]
    assert {entry["path"]: entry["type"] for entry in listed} == {
        "large": "blob",
        "link": "blob",
        "sub": "commit",
    }
    monkeypatch.setattr("reconciler.localforge.rest_git.TREE_LIMIT", 2)
    cut = json.loads(client.get(f"{TIDY}/git/trees/sorts").text)
    assert (len(cut["tree"]), cut["truncated"], TREE_LIMIT) == (2, True, 100_000)


def test_a_branch_that_moved_meanwhile_is_not_overwritten(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between look and write somebody else pushes: 409, and their commit stays."""
    bare, client = Bare(hub.repositories["acme", "tidy"]), Client(hub.app)
    theirs: list[str] = []

    def late(repository: Repository, name: str, new: str | None, old: str) -> bool:
        theirs.append(bare.commit({"theirs": str(len(theirs))}))
        return writing.move(repository, name, new, old)

    for room in ("rest_git", "rest_contents"):
        monkeypatch.setattr(f"reconciler.localforge.{room}.move", late)
    tries: list[tuple[str, str, dict[str, object]]] = [
        ("PATCH", f"{TIDY}/git/refs/heads/main", {"sha": bare.tip(), "force": True}),
        ("DELETE", f"{TIDY}/git/refs/heads/main", {}),
        ("PUT", f"{TIDY}/contents/ours", {"message": "m", "content": "eA=="}),
    ]
    for method, path, body in tries:
        assert client.open(path, method=method, json=body).status_code == 409
        assert bare.tip() == theirs[-1]


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({}, 401, "Requires authentication"),
        ({"authorization": "Basic x"}, 401, "Requires authentication"),
        ({"authorization": "Bearer wrong"}, 401, "Bad credentials"),
        ({"authorization": "Bearer right"}, 200, None),
        ({"authorization": "token right"}, 200, None),
        ({"authorization": "Bearer right", "origin": "http://evil.example"}, 403, "Not for browsers"),
    ],
    ids=["nobody", "another scheme", "wrong", "right", "the old scheme", "a page in a browser"],
)
def test_who_is_let_in(hub: Hub, headers: dict[str, str], status: int, message: str | None) -> None:
    """With a token only who has it; never a page in a browser."""
    client = Client(forge(hub.repositories, Still(), token="right"))
    answer = client.get("/rate_limit", headers=headers)
    assert (answer.status_code, json.loads(answer.text).get("message")) == (status, message)


def test_enterprise_addresses(hub: Hub) -> None:
    """REST is also below /api/v3 and GraphQL at /api/graphql, as on GitHub Enterprise."""
    client = Client(hub.app)
    assert client.get("/api/v3/repos/acme/tidy").status_code == 200
    assert client.get("/api/v3").status_code == 200
    query = '{ repository(owner: "acme", name: "tidy") { id } }'
    assert "errors" not in json.loads(client.post("/api/graphql", json={"query": query}).text)
    assert client.put("/rate_limit").status_code == client.get("/nowhere").status_code == 404


def test_what_git_refuses_is_told(hub: Hub) -> None:
    """A damaged repository answers 422, not a traceback; a vanished one 404."""
    folder = hub.repositories["acme", "tidy"]
    blob = Bare(folder).git("rev-parse", "main:README.md")
    body = {"message": "m", "tree": Bare(folder).git("rev-parse", "main^{tree}")}
    client = Client(hub.app)
    (folder / "objects" / blob[:2] / blob[2:]).chmod(0o644)
    (folder / "objects" / blob[:2] / blob[2:]).write_bytes(b"rubbish")
    assert client.get(f"{TIDY}/git/blobs/{blob}").status_code == 404
    (folder / "config").write_text("[core\n")
    assert client.post(f"{TIDY}/git/commits", json=body).status_code == 422
    (folder / "HEAD").unlink()
    assert client.get(TIDY).status_code == 404


def test_git_that_is_missing_or_slow_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """No git, or one that hangs, is an error with a reason."""
    folder = hub.repositories["acme", "tidy"]
    with monkeypatch.context() as slow:
        slow.setattr("reconciler.localforge.plumbing.LIMIT_S", 0.0)
        with pytest.raises(GitError, match="took over 0 s"):
            git(folder, "rev-parse", "HEAD")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GitError, match="not installed"):
        git(folder, "rev-parse", "HEAD")


def test_repositories_are_found_by_their_slugs(tmp_path: Path) -> None:
    """Each repository below the folder has the slug that its `local:` reference has; links have none."""
    paths = ["acme/tidy.git", "lone.git", "a/b/deep.git", "plain/name"]
    for path in paths:
        Bare(tmp_path / path)
    (tmp_path / "acme/link.git").symlink_to(tmp_path / "lone.git")
    found = discover(tmp_path)
    assert dict(found) == {RepoRef("local", path).slug: tmp_path / path for path in paths}
    assert len(found) == 4
    for slug in [("acme", "link"), ("..", "x"), ("acme", "../lone"), ("", "lone"), ("x" * 300, "\0")]:
        assert slug not in found


REFUSED: dict[str, tuple[str, str, dict[str, object]]] = {
    "no content": ("PUT", f"{TIDY}/contents/x", {"message": "m"}),
    "no message": ("PUT", f"{TIDY}/contents/x", {"content": "eA=="}),
    "no tree": ("POST", f"{TIDY}/git/trees", {"tree": "x"}),
    "no entry": ("POST", f"{TIDY}/git/trees", {"tree": ["x"]}),
    "an entry of no mode": ("POST", f"{TIDY}/git/trees", {"tree": [{"path": "x", "mode": "7"}]}),
    "no ref": ("POST", f"{TIDY}/git/refs", {"sha": "0" * 40}),
    "an author without mail": (
        "PUT",
        f"{TIDY}/contents/x",
        {"message": "m", "content": "eA==", "author": {"name": "A"}},
    ),
    "an author of no time": (
        "PUT",
        f"{TIDY}/contents/x",
        {"message": "m", "content": "eA==", "author": {"name": "A", "email": "a@b", "date": "noon"}},
    ),
}


@pytest.mark.parametrize("asked", REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_whole_is_refused(hub: Hub, asked: tuple[str, str, dict[str, object]]) -> None:
    """A write that lacks something is refused with 422, and no branch moves."""
    method, path, body = asked
    before = Bare(hub.repositories["acme", "tidy"]).tip()
    assert Client(hub.app).open(path, method=method, json=body).status_code == 422
    assert Bare(hub.repositories["acme", "tidy"]).tip() == before


def test_the_last_file_takes_its_folder_along(hub: Hub) -> None:
    """Git knows no empty folders: they go with their last file, also two deep."""
    bare, client = Bare(hub.repositories["acme", "tidy"]), Client(hub.app)
    bare.commit({"deep/er/x": "1"})
    body = {"message": "m", "sha": bare.git("rev-parse", "main:deep/er/x")}
    assert client.delete(f"{TIDY}/contents/deep/er/x", json=body).status_code == 200
    assert bare.git("ls-tree", "--name-only", "main").split() == ["README.md", "docs"]
    assert bare.git("fsck", "--strict", "--no-dangling") == ""


def test_tags_of_no_commit_are_not_listed(hub: Hub) -> None:
    """A tag may name a tree, or a tag of a tag of a tag without end in sight: neither is a version."""
    bare = Bare(hub.repositories["acme", "tidy"])
    target, kind = bare.tip() or "", "commit"
    for number in range(12):
        text = f"object {target}\ntype {kind}\ntag t{number}\ntagger A <a@b> 0 +0000\n\nm\n"
        target, kind = bare.git("hash-object", "-t", "tag", "-w", "--stdin", stdin=text.encode()), "tag"
    bare.git("update-ref", "refs/tags/endless", target)
    bare.git("update-ref", "refs/tags/tree", bare.git("rev-parse", "main^{tree}"))
    names = [tag["name"] for tag in json.loads(Client(hub.app).get(f"{TIDY}/tags").text)]
    assert names == [f"v1.{number}.0" for number in (4, 3, 2, 1, 0)]


def test_a_ref_that_is_none_never_moves(hub: Hub) -> None:
    """The last line of defence: a malformed name reaches no git."""
    repository = Repository(hub.repositories["acme", "tidy"], "acme", "tidy")
    assert not writing.move(repository, "refs/heads/../x", "0" * 40, writing.NOWHERE)


def test_a_name_that_no_file_can_have_is_no_repository(tmp_path: Path) -> None:
    """Too long, or with a NUL: not found, never an error."""
    found = discover(tmp_path)
    assert [("local", name) in found for name in ("n" * 300, "a\0b", "tidy")] == [False] * 3
