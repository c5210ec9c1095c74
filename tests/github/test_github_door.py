"""The GitHub door: what it asks, what it reads, and what it says when it cannot see."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.model.errors import Terminal, Transient
from reconciler.model.product import ProductName, RepoRef
from reconciler.model.redact import Redactor
from reconciler.model.secret import Secret
from reconciler.outside.forges import Forges
from reconciler.outside.github import Access, GitHub
from reconciler.outside.github_query import Question
from reconciler.outside.http import Http
from reconciler.ports import Forge, Look, RepoView
from tests.contracts.openapi import ContractTransport, graphql_errors
from tests.world.hub import BASE, Hub
from tests.world.notes import Notes, Still

LIMITED = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1767323045"}
RECORD = '{"schema": "ship/docs/v1", "inputs": "i"}'


def look(path: str, *, host: str = "local", branch: str = "main", **more: Any) -> Look:
    """Look at a repository; the product is called like it."""
    repo = RepoRef.parse(f"{host}:{path}")
    whole: dict[str, Any] = {"docs_branch": None, "tags": False, **more}
    return Look(ProductName(path), repo, branch, **whole)


def seen(github: Forge, one: Look) -> RepoView:
    """Look at one repository that can be seen."""
    view = github.look([one])[one.product]
    assert isinstance(view, RepoView), view
    return view


def scripted(server: Callable[[httpx.Request], httpx.Response], token: Secret | None = None) -> GitHub:
    """Open the door before a scripted server."""
    wire = httpx.MockTransport(server)
    return GitHub(Http(Notes(), Still(), Redactor(), wire=lambda: wire), Access(BASE, token))


def test_a_look_sees_branch_docs_record_and_tags(tmp_path: Path) -> None:
    """Everything that a plan needs of a repository comes in one request."""
    hub = Hub(tmp_path)
    bare = hub.add("acme", "tidy", {"a": "1"})
    first = bare.tag("v1.0.0", annotated=True)
    tip = bare.commit({"a": "2"}, message="more\n\nKey: x")
    bare.tag("v1.1.0")
    docs = bare.commit({".ship-docs.json": RECORD}, branch="gh-pages", message="docs")
    bare.git("update-ref", "refs/tags/of-a-tree", bare.git("rev-parse", "main^{tree}"))
    github = hub.github()
    view = seen(github, look("acme/tidy.git", docs_branch="gh-pages", tags=True, tag_names=("v1.0.0", "no")))
    assert view.head is not None
    assert view.docs is not None
    assert (view.head.commit, view.head.tree) == (tip, bare.git("rev-parse", "main^{tree}"))
    assert (view.head.message.strip(), view.head.rollup) == ("more\n\nKey: x", None)
    assert (view.docs.commit, view.record) == (docs, RECORD)
    assert view.tags == (("v1.1.0", tip), ("v1.0.0", first))
    assert view.clone_url == bare.folder.as_uri()
    assert hub.transport is not None
    assert hub.transport.requests == ["POST /graphql"]


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    """An empty repository, and branches that nobody made, are seen as such: not unknown."""
    hub = Hub(tmp_path)
    hub.add("acme", "empty")
    view = seen(hub.github(), look("acme/empty.git", docs_branch="gh-pages", tags=True, tag_names=("v1",)))
    assert (view.head, view.docs, view.record, view.tags) == (None, None, None, ())


@pytest.mark.parametrize("count", [0, 1, 50, 51, 120])
def test_fifty_products_a_request(tmp_path: Path, count: int) -> None:
    """The price of a look at a fleet is one request per 50 products."""
    hub = Hub(tmp_path)
    hub.add("acme", "tidy", {"a": "1"})
    looks = [look("acme/tidy.git", branch=f"b{number % 3}") for number in range(count)]
    hub.github().look(looks)
    requests = hub.transport.requests if hub.transport else []
    assert requests == ["POST /graphql"] * -(-count // 50)


def test_one_query_at_a_time_sees_the_same(tmp_path: Path) -> None:
    """A forge in this process is asked in turn, and the answers are those of many threads."""
    hub = Hub(tmp_path)
    for number in range(60):
        hub.add("acme", f"r{number}", {"a": str(number)} if number % 20 == 0 else None)
    looks = [look(f"acme/r{number}.git", tags=True) for number in range(60)]
    in_turn = GitHub(hub.http(), Access(BASE, in_flight=1)).look(looks)
    assert list(in_turn.items()) == list(hub.github().look(looks).items())


def test_one_repository_that_is_not_there_hides_no_other(tmp_path: Path) -> None:
    """Partial answers: the missing one is unknown, the rest stand."""
    hub = Hub(tmp_path)
    hub.add("acme", "tidy", {"a": "1"})
    views = hub.github().look([look("acme/none.git"), look("acme/tidy.git")])
    assert views[ProductName("acme/none.git")] == "repository not found or no access: local:acme/none.git"
    assert isinstance(views[ProductName("acme/tidy.git")], RepoView)


@pytest.mark.parametrize(
    "branch",
    [
        'a"b',
        "x) { url } #",
        "$v0",
        "\\u0022",
        "ü/é",
        "-x",
        "..",
        "a\nb",
        "{...F}",
        "@{u}",
        "\x00",
        "x" * 3000,
    ],
)
def test_hostile_names_are_only_names(tmp_path: Path, branch: str) -> None:
    """Whatever a branch is called, the document asks what it always asks."""
    hub = Hub(tmp_path)
    hub.add("acme", "tidy", {"a": "1"})
    view = seen(hub.github(), look("acme/tidy.git", branch=branch, docs_branch=branch, tag_names=(branch,)))
    assert (view.head, view.docs, view.tags) == (None, None, ())


def test_the_document_is_valid_for_any_mixture() -> None:
    """GitHub's schema finds nothing wrong, and only what is used is declared."""
    looks = [
        look("a/b.git"),
        look("a/c.git", docs_branch="gh-pages"),
        look("a/d.git", tags=True),
        look("a/e.git", tag_names=("v1", "1")),
        look("a/f.git", docs_branch="x", tags=True),
    ]
    for some in [*([one] for one in looks), looks]:
        assert graphql_errors(Question(some).document) == []


def test_githubs_clone_address_ends_in_git() -> None:
    """GitHub gives the page's address; git wants the repository's."""
    answer = {"data": {"r0": {"url": "https://forge/acme/tidy", "head": None}}}
    github = scripted(lambda _: httpx.Response(200, json=answer))
    assert seen(github, look("acme/tidy", host="github")).clone_url == "https://forge/acme/tidy.git"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (httpx.Response(401, json={"message": "Bad credentials"}), "GITHUB_TOKEN is not accepted by forge"),
        (
            httpx.Response(403, json={"message": "no"}, headers=LIMITED),
            "the rate limit of forge is used up until 2026-01-02T03:04:05Z",
        ),
        (
            httpx.Response(200, json={"errors": [{"type": "RATE_LIMITED", "message": "x"}]}, headers=LIMITED),
            "the rate limit of forge is used up until 2026-01-02T03:04:05Z",
        ),
        (
            httpx.Response(403, json={"message": "slow down"}, headers={"retry-after": "60"}),
            "forge asks to wait (secondary rate limit)",
        ),
        (httpx.Response(403, json={"message": "SSO\nneeded"}), "forge: 403 SSO needed"),
        (httpx.Response(404, text="<html>"), "forge: 404"),
        (httpx.Response(404, json=["x"]), "forge: 404"),
        (
            httpx.Response(200, text="<html>"),
            "forge answered 200 with something that is not JSON",
        ),
        (httpx.Response(200, json=[]), "forge answered GraphQL with something else"),
        (
            httpx.Response(200, json={"errors": [{"message": "Parse error"}]}),
            "forge: Parse error",
        ),
        (httpx.Response(200, json={"errors": "x"}), "forge: x"),
        (httpx.Response(200, json={"errors": [{}]}), "forge: an error without words"),
        (httpx.Response(200, json={"errors": [{"path": 7, "message": "y"}]}), "forge: y"),
        (
            httpx.Response(200, json={"data": {"r0": {"nonsense": 1}}}),
            "forge about github:acme/tidy: the answer is not what was asked for",
        ),
        (
            httpx.Response(200, json={"data": {}}),
            "forge about github:acme/tidy: the answer is not what was asked for",
        ),
        (
            httpx.Response(200, json={"data": {"r0": None}}),
            "repository not found or no access: github:acme/tidy",
        ),
        (
            httpx.Response(200, json={"data": {}, "errors": [{"message": "SAML", "path": ["r0"]}]}),
            "forge about github:acme/tidy: SAML",
        ),
        (
            httpx.Response(200, json={"errors": [{"message": "x", "type": "RESOURCE_LIMITS_EXCEEDED"}]}),
            "forge: x",
        ),
        (httpx.Response(502), "POST forge: answered 502"),
    ],
    ids=[
        "bad token",
        "limit",
        "limit under 200",
        "secondary limit",
        "forbidden",
        "a page",
        "a list",
        "no JSON",
        "no object",
        "an error of all",
        "errors that are a text",
        "an error without words",
        "an error with an odd path",
        "another shape",
        "nothing",
        "null",
        "one product's error",
        "too much",
        "gateway",
    ],
)
def test_why_it_cannot_see(answer: httpx.Response, text: str) -> None:
    """Each refusal becomes one line that says what to do or when to come back."""
    one = look("acme/tidy", host="github")
    assert scripted(lambda _: answer, Secret("t")).look([one]) == {one.product: text}


@pytest.mark.parametrize("status", [401, 403])
def test_without_a_token(status: int) -> None:
    """Who gave no token is told to."""
    one = look("acme/tidy", host="github")
    views = scripted(lambda _: httpx.Response(status, json={})).look([one])
    assert views == {one.product: "GITHUB_TOKEN is not set, and forge wants a token"}


def aliases(request: httpx.Request) -> int:
    """Count the repositories that are asked for."""
    return int(json.loads(request.content)["query"].count(": repository("))


def test_what_github_gives_up_on_is_asked_by_halves() -> None:
    """A query that is too much is halved until it fits; nobody is lost."""
    sizes: list[int] = []

    def server(request: httpx.Request) -> httpx.Response:
        sizes.append(aliases(request))
        if sizes[-1] > 20:
            return httpx.Response(502)
        node = {"url": "https://forge/a/b", "head": None}
        return httpx.Response(200, json={"data": {f"r{number}": node for number in range(sizes[-1])}})

    looks = [look(f"a/{number}", host="github") for number in range(50)]
    views = scripted(server).look(looks)
    assert len(views) == 50
    assert all(isinstance(view, RepoView) for view in views.values())
    assert sizes == [50, 25, 25, 12, 13, 12, 13]


def test_a_query_that_broke_off_is_asked_again() -> None:
    """A query only reads: when the way breaks, it is sent once more as it was."""
    asked: list[int] = []
    broken = httpx.ReadError("x")

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(aliases(request))
        if len(asked) == 1:
            raise broken
        if len(asked) == 2:
            return httpx.Response(503)
        return httpx.Response(200, json={"data": {"r0": {"url": "u", "head": None}}})

    assert seen(scripted(server), look("a/b", host="github")).clone_url == "u.git"
    assert asked == [1, 1, 1]


def test_a_query_that_is_too_slow_is_not_asked_again_as_it_was() -> None:
    """What timed out for all is asked by halves at once."""
    sizes: list[int] = []
    slow = httpx.ReadTimeout("x")

    def server(request: httpx.Request) -> httpx.Response:
        sizes.append(aliases(request))
        if sizes[-1] > 1:
            raise slow
        return httpx.Response(200, json={"data": {"r0": {"url": "u", "head": None}}})

    views = scripted(server).look([look("a/1", host="github"), look("a/2", host="github")])
    assert [type(view) for view in views.values()] == [RepoView, RepoView]
    assert sizes == [2, 1, 1]


def test_halving_ends() -> None:
    """A forge that always gives up is not asked for each product alone."""
    sizes: list[int] = []

    def server(request: httpx.Request) -> httpx.Response:
        sizes.append(aliases(request))
        return httpx.Response(504)

    looks = [look(f"a/{number}", host="github") for number in range(50)]
    views = scripted(server).look(looks)
    assert set(views.values()) == {"POST forge: answered 504"}
    assert len(views) == 50
    assert len(sizes) == 21


def test_the_token_goes_only_in_the_header() -> None:
    """A bearer token, an API version; enterprise servers have GraphQL beside the REST root."""
    token, asked = os.urandom(12).hex(), []

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"data": {"r0": None}})

    wire = httpx.MockTransport(server)
    notes = Notes()
    access = Access("https://forge/api/v3/", Secret(token))
    GitHub(Http(notes, Still(), Redactor(), wire=lambda: wire), access).look([look("a/b", host="github")])
    assert str(asked[0].url) == "https://forge/api/graphql"
    assert asked[0].headers["authorization"] == f"Bearer {token}"
    assert asked[0].headers["x-github-api-version"] == "2022-11-28"
    assert token not in asked[0].content.decode() + repr(notes.calls) + repr(access)


def test_trees_and_blobs(tmp_path: Path) -> None:
    """A tree comes recursively, blobs only, by path; a blob comes byte by byte."""
    hub = Hub(tmp_path)
    bare = hub.add("acme", "tidy", {"b/c/d.txt": b"\x00\xff", "b-x": "1", "a": "2"})
    repo = RepoRef("local", "acme/tidy.git")
    github = hub.github()
    entries = github.tree(repo, bare.git("rev-parse", "main^{tree}"))
    assert [entry.path for entry in entries] == ["a", "b-x", "b/c/d.txt"]
    assert {entry.mode for entry in entries} == {"100644"}
    assert github.blob(repo, entries[2].sha) == b"\x00\xff"
    with pytest.raises(Terminal, match=r"not found or no access: local:acme/tidy.git \(Not Found\)"):
        github.blob(repo, "0" * 40)
    with pytest.raises(Terminal):
        github.blob(repo, "../../../x?y#z")


def test_a_tree_that_is_cut_is_walked(tmp_path: Path) -> None:
    """When GitHub cuts a tree it is read folder by folder, and nothing is missing."""
    hub = Hub(tmp_path)
    bare = hub.add("acme", "tidy", {"b/c/d": "1", "b/e": "2", "a": "3"})
    tree = bare.git("rev-parse", "main^{tree}")

    class Cutting(httpx.BaseTransport):
        """Cuts the recursive answer of one tree."""

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            """Cut it to one entry."""
            response = hub.wire().handle_request(request)
            if request.url.path.endswith(tree) and request.url.query:
                whole = json.loads(response.read())
                return httpx.Response(200, json={**whole, "tree": whole["tree"][:1], "truncated": True})
            return response

    github = hub.github(lambda: ContractTransport(Cutting()))
    entries = github.tree(RepoRef("local", "acme/tidy.git"), tree)
    assert [entry.path for entry in entries] == ["a", "b/c/d", "b/e"]


def test_ancestry(tmp_path: Path) -> None:
    """A commit contains itself and what came before it; not what came after, beside, or apart."""
    hub = Hub(tmp_path)
    bare = hub.add("acme", "tidy", {"a": "1"})
    old = bare.tip() or ""
    new = bare.commit({"a": "2"})
    apart = bare.commit({"z": "1"}, branch="apart")
    bare.git("update-ref", "refs/heads/side", old)
    side = bare.commit({"s": "1"}, branch="side")
    github, repo = hub.github(), RepoRef("local", "acme/tidy.git")
    told = {
        name: github.contains(repo, descendant=new, ancestor=commit)
        for name, commit in {"itself": new, "old": old, "side": side, "apart": apart}.items()
    }
    assert told == {"itself": True, "old": True, "side": False, "apart": False}
    assert not github.contains(repo, descendant=old, ancestor=new)
    with pytest.raises(Terminal, match="not found or no access"):
        github.contains(repo, descendant=new, ancestor="0" * 40)


def test_rest_says_why() -> None:
    """REST's refusals read like those of GraphQL, with the repository."""
    repo = RepoRef("github", "acme/tidy")
    with pytest.raises(Terminal, match=r"^forge about github:acme/tidy: 409 busy$"):
        scripted(lambda _: httpx.Response(409, json={"message": "busy"})).blob(repo, "a")
    with pytest.raises(Transient, match="secondary rate limit"):
        scripted(lambda _: httpx.Response(429, json={})).blob(repo, "a")


class Named:
    """A forge that only says its name."""

    def __init__(self, name: str) -> None:
        """Know it."""
        self.name = name

    def look(self, looks: Any) -> Any:
        """Say it of each."""
        return {one.product: self.name for one in looks}

    def tree(self, repo: Any, tree: Any) -> Any:
        """Say it."""
        return self.name

    def blob(self, repo: Any, sha: Any) -> Any:
        """Say it."""
        return self.name

    def contains(self, repo: Any, *, descendant: Any, ancestor: Any) -> Any:
        """Say it."""
        return self.name


def test_each_repository_is_asked_at_its_forge() -> None:
    """Looks are split by host; a forge that nobody needs is never built."""
    built: list[str] = []

    def build(name: str) -> Callable[[], Forge]:
        def make() -> Forge:
            built.append(name)
            return Named(name)

        return make

    forges = Forges({"github": build("hub"), "local": build("here")})
    assert forges.look([look("a/b", host="github")]) == {"a/b": "hub"}
    assert built == ["hub"]
    assert forges.look([look("a/b", host="github"), look("c/d.git")]) == {"a/b": "hub", "c/d.git": "here"}
    repo = RepoRef("local", "c/d.git")
    told = {str(forges.tree(repo, "t")), str(forges.blob(repo, "b"))}
    assert told | {str(forges.contains(repo, descendant="d", ancestor="a"))} == {"here"}
    assert built == ["hub", "here"]
