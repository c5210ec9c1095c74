"""The git door against real git: what arrives in the world, whoever tries to trick it."""

import os
import signal
from base64 import b64encode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest

from reconciler.model.errors import LeaseLost, ShipError, Terminal, Transient, Waiting
from reconciler.model.redact import Redactor
from reconciler.model.secret import Secret
from reconciler.outside.git import GitDoor
from reconciler.ports import Checkout, Tip
from tests.world.bare import EPOCH, Bare
from tests.world.deed import Noted, Ticking, deed_in

pytestmark = pytest.mark.real


def knowing(word: str) -> Redactor:
    """Make a redactor that knows one word."""
    redactor = Redactor()
    redactor.learn(word)
    return redactor


class Desk:
    """A bare repository, a door and a deed."""

    def __init__(self, root: Path, *, timeout_s: float = 60.0) -> None:
        self.root = root
        self.bare = Bare(root / "a.git")
        self.url = f"file://{self.bare.folder}"
        self.audit = Noted()
        self.door = GitDoor(self.audit, Ticking(), knowing("hush"), timeout_s=timeout_s)
        self.deed = deed_in(root / "deed")

    def checkout(self, commit: str, ref: str = "refs/heads/main") -> Path:
        """Check out into `work`."""
        folder = self.root / "work"
        self.epoch = self.door.checkout(Checkout(self.url, ref, commit, folder), self.deed)
        return folder

    def tip(self, parent: str | None, files: dict[str, bytes], branch: str = "gh-pages") -> Tip:
        """Lay out a folder to be published."""
        folder = self.root / f"site-{uuid4().hex}"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return Tip(self.url, branch, folder, parent, "docs: build\n\nShip-X: 1\n", EPOCH)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Set the desk."""
    return Desk(tmp_path)


def test_checkout_writes_the_commit_and_tells_its_time(desk: Desk) -> None:
    """The files of the commit lie in the folder, byte for byte; the time is the committer's."""
    desk.bare.commit({"a.txt": b"old\n"})
    commit = desk.bare.commit(
        {"a.txt": b"x\r\ny\n", ".gitattributes": "* text=auto eol=crlf\n*.bin filter=lfs\n"}
    )
    assert (desk.checkout(commit) / "a.txt").read_bytes() == b"x\r\ny\n"
    assert desk.epoch == EPOCH + 120


@pytest.mark.parametrize("annotated", [True, False], ids=["annotated", "light"])
def test_checkout_of_a_tag_keeps_the_tag(desk: Desk, annotated: bool) -> None:
    """A tag is peeled to its commit, and stays visible to build backends that take the version from it."""
    commit = desk.bare.commit({"a": "1"})
    desk.bare.tag("v1.0.0", annotated=annotated)
    desk.bare.commit({"a": "2"})
    folder = desk.checkout(commit, "refs/tags/v1.0.0")
    assert (folder / "a").read_text() == "1"
    assert Bare(folder / ".git").git("describe", "--tags") == "v1.0.0"


@pytest.mark.parametrize("ref", ["refs/heads/main", "refs/heads/gone"], ids=["other commit", "no branch"])
def test_a_ref_that_moved_waits(desk: Desk, ref: str) -> None:
    """What was observed is not what is there now: look again, do nothing."""
    old = desk.bare.commit({"a": "1"})
    desk.bare.commit({"a": "2"})
    with pytest.raises(Waiting, match="moved"):
        desk.checkout(old, ref)


def test_links_out_of_the_checkout_become_plain_files(desk: Desk, tmp_path: Path) -> None:
    """No link leads to this machine's files, to git's folder, or there over another link; inner ones stay."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "private").write_text("private")
    blob = desk.bare.git("hash-object", "-w", "--stdin", stdin=b"inner")
    links = {
        "docs/out": str(outside / "private"),
        "docs/up": "../../outside/private",
        "docs/folder": str(outside),
        "docs/over": "up",
        "docs/git": "../.git/config",
        "docs/in": "../README",
        "docs/dangling": "nowhere",
        "docs/loop": "loop",
    }
    lines = [f"100644 blob {blob}\tREADME"]
    for name, text in links.items():
        sha = desk.bare.git("hash-object", "-w", "--stdin", stdin=text.encode())
        lines.append(f"120000 blob {sha}\t{name}")
    env = tmp_path / "index"
    os.environ["GIT_INDEX_FILE"] = str(env)  # a stray variable of the user, too: it must not reach git
    try:
        commit = _commit_of(desk.bare, lines)
        docs = desk.checkout(commit) / "docs"
    finally:
        del os.environ["GIT_INDEX_FILE"]
    kept = sorted(path.name for path in docs.iterdir() if path.is_symlink())
    assert kept == ["dangling", "in", "loop"]
    assert (docs / "out").read_text() == str(outside / "private")
    assert (docs / "in").read_text() == "inner"
    assert not env.exists()


def _commit_of(bare: Bare, lines: list[str]) -> str:
    docs = [line.replace("docs/", "") for line in lines if "\tdocs/" in line]
    subtree = bare.git("mktree", stdin="\n".join(docs).encode() + b"\n")
    root = [line for line in lines if "\tdocs/" not in line] + [f"040000 tree {subtree}\tdocs"]
    tree = bare.git("mktree", stdin="\n".join(root).encode() + b"\n")
    who = "Ada <ada@example.org> 1700000000 +0000"
    text = f"tree {tree}\nauthor {who}\ncommitter {who}\n\nlinks\n"
    commit = bare.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=text.encode())
    bare.git("update-ref", "refs/heads/main", commit)
    return commit


def test_no_hook_or_template_of_the_user_runs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hooks from a template, a global configuration or the repository's own files stay silent."""
    witness = desk.root / "ran"
    template = desk.root / "template"
    for name in ("post-checkout", "pre-push", "reference-transaction", "post-index-change"):
        hook = template / "hooks" / name
        hook.parent.mkdir(parents=True, exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {witness}\n")
        hook.chmod(0o755)
    config = desk.root / "gitconfig"
    config.write_text(f"[core]\n\thooksPath = {template}/hooks\n[init]\n\ttemplateDir = {template}\n")
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(template))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {witness}")
    commit = desk.bare.commit({"a": "1", ".git-hooks/post-checkout": f"#!/bin/sh\ntouch {witness}\n"})
    desk.checkout(commit)
    desk.door.push(desk.tip(None, {"index.html": b"1"}), desk.deed)
    assert not witness.exists()


def test_submodules_are_not_fetched(desk: Desk) -> None:
    """A .gitmodules file starts nothing."""
    modules = '[submodule "s"]\n\tpath = s\n\turl = ext::sh -c "touch x"\n'
    folder = desk.checkout(desk.bare.commit({"a": "1", ".gitmodules": modules}))
    assert sorted(path.name for path in folder.iterdir()) == [".git", ".gitmodules", "a"]


def test_push_makes_the_branch_with_every_file_as_it_is(desk: Desk) -> None:
    """Ignored, odd-named and executable files arrive, byte for byte; the commit has fixed dates."""
    files = {
        ".gitignore": b"*\n",
        ".gitattributes": b"* text eol=lf\n",
        "sub/crlf.txt": b"a\r\n",
        'od"d\\na\tme\n.txt': b"\x00\xff",
        "ünï.html": b"",
    }
    tip = desk.tip(None, files)
    (tip.folder / "sub/crlf.txt").chmod(0o755)
    commit = desk.door.push(tip, desk.deed)
    assert desk.bare.tip("gh-pages") == commit
    listed = desk.bare.git("ls-tree", "-r", "-z", commit).rstrip("\0").split("\0")
    assert {line.split("\t", 1)[1] for line in listed} == set(files)
    assert {line.split()[0] for line in listed} == {"100644"}
    assert desk.bare.read("gh-pages", "sub/crlf.txt") == b"a\r\n"
    shown = desk.bare.git("show", "-s", "--format=%an <%ae> %at %ct %s %(trailers:only)", commit)
    assert shown == f"Ship <ship@localhost.invalid> {EPOCH} {EPOCH} docs: build Ship-X: 1"


def test_the_same_folder_twice_is_the_same_commit(desk: Desk) -> None:
    """A second branch of the same content has the same id: nothing of the moment goes in."""
    tip = desk.tip(None, {"a": b"1"})
    other = Tip(tip.url, "other", tip.folder, None, tip.message, tip.epoch)
    assert desk.door.push(tip, desk.deed) == desk.door.push(other, desk.deed)


def test_push_is_a_child_of_the_observed_tip(desk: Desk) -> None:
    """History is kept, files that are gone are gone."""
    first = desk.door.push(desk.tip(None, {"a": b"1", "b": b"1"}), desk.deed)
    second = desk.door.push(desk.tip(first, {"a": b"2"}), desk.deed)
    assert desk.bare.git("rev-list", "gh-pages").split() == [second, first]
    assert desk.bare.git("ls-tree", "--name-only", "gh-pages") == "a"


def test_the_same_tree_pushes_nothing(desk: Desk) -> None:
    """The parent is the answer, and the branch stays."""
    first = desk.door.push(desk.tip(None, {"a": b"1"}), desk.deed)
    assert desk.door.push(desk.tip(first, {"a": b"1"}), desk.deed) == first
    assert desk.bare.tip("gh-pages") == first


def test_a_branch_that_moved_is_not_overwritten(desk: Desk) -> None:
    """Somebody's commit between the look and the push stays; so does one where no branch was expected."""
    first = desk.door.push(desk.tip(None, {"a": b"1"}), desk.deed)
    theirs = desk.bare.commit({"a": "theirs"}, branch="gh-pages")
    for parent in (first, None):
        with pytest.raises(Waiting, match="docs branch moved"):
            desk.door.push(desk.tip(parent, {"a": b"2"}), desk.deed)
    assert desk.bare.tip("gh-pages") == theirs


def test_a_branch_that_moves_at_the_last_moment_is_not_overwritten(desk: Desk) -> None:
    """Between our fetch and our push, too: the lease of the push catches it."""
    first = desk.door.push(desk.tip(None, {"a": b"1"}), desk.deed)
    deed = deed_in(desk.root / "late", guard=lambda: void(desk.bare.commit({"a": "x"}, branch="gh-pages")))
    with pytest.raises(Waiting, match="docs branch moved"):
        desk.door.push(desk.tip(first, {"a": b"2"}), deed)
    assert desk.bare.read("gh-pages", "a") == b"x"


def test_a_branch_removed_at_the_last_moment_is_not_made_again(desk: Desk) -> None:
    """The observed tip is gone: look again."""
    first = desk.door.push(desk.tip(None, {"a": b"1"}), desk.deed)
    gone = deed_in(
        desk.root / "late", guard=lambda: void(desk.bare.git("update-ref", "-d", "refs/heads/gh-pages"))
    )
    with pytest.raises(Waiting, match="docs branch moved"):
        desk.door.push(desk.tip(first, {"a": b"2"}), gone)
    assert desk.bare.tip("gh-pages") is None
    with pytest.raises(Waiting, match="docs branch moved"):
        desk.door.push(desk.tip(first, {"a": b"2"}), desk.deed)


def void(value: object) -> None:
    """Drop a value."""


def test_without_the_lease_nothing_is_pushed(desk: Desk) -> None:
    """The guard is asked right before the push."""

    def lost() -> None:
        msg = "held by another"
        raise LeaseLost(msg)

    with pytest.raises(LeaseLost):
        desk.door.push(desk.tip(None, {"a": b"1"}), deed_in(desk.root / "lost", guard=lost))
    assert desk.bare.tip("gh-pages") is None


def test_a_push_whose_answer_was_lost_is_found(desk: Desk) -> None:
    """The server took the commit and then failed: the branch is looked at again."""
    hook = desk.bare.folder / "hooks" / "reference-transaction"
    hook.parent.mkdir()
    hook.write_text('#!/bin/sh\n[ "$1" = committed ] && kill -9 $PPID\nexit 0\n')
    hook.chmod(0o755)
    commit = desk.door.push(desk.tip(None, {"a": b"1"}), desk.deed)
    assert desk.bare.tip("gh-pages") == commit


def test_a_server_that_declines_needs_a_person(desk: Desk) -> None:
    """A hook of the remote's own, such as branch protection, is respected and quoted in one line, cleaned."""
    hook = desk.bare.folder / "hooks" / "pre-receive"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\necho 'error: GH006: Protected branch, hush' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Terminal, match="GH006: Protected branch") as refusal:
        desk.door.push(desk.tip(None, {"a": b"1"}), desk.deed)
    assert "hush" not in str(refusal.value)
    assert "hush" not in repr(desk.audit.calls)


def _link(tip: Tip) -> None:
    (tip.folder / "l").symlink_to("/etc/passwd")


def _pipe(tip: Tip) -> None:
    os.mkfifo(tip.folder / "p")


def _nested(tip: Tip) -> None:
    (tip.folder / "x/.GIT").mkdir(parents=True)
    (tip.folder / "x/.GIT/config").write_text("")


def _folder_link(tip: Tip) -> None:
    (tip.folder / "d").symlink_to("/etc")


@pytest.mark.parametrize("spoil", [_link, _pipe, _nested, _folder_link])
def test_only_plain_files_are_published(desk: Desk, spoil: Callable[[Tip], None]) -> None:
    """A link, a pipe or a git folder in the site is refused, and nothing is pushed."""
    tip = desk.tip(None, {"a": b"1"})
    spoil(tip)
    with pytest.raises(Terminal, match="cannot be published"):
        desk.door.push(tip, desk.deed)
    assert desk.bare.tip("gh-pages") is None


OPTIONS = ["--upload-pack=touch ran", "-x", "--", "a b", "../up", "HEAD^{commit}", "a:refs/heads/main"]


@pytest.mark.parametrize("branch", OPTIONS)
def test_branch_names_like_options_are_refused(desk: Desk, branch: str) -> None:
    """Nothing is started for them: neither as source nor as target."""
    commit = desk.bare.commit({"a": "1"})
    with pytest.raises(Terminal, match="not a valid ref"):
        desk.door.push(desk.tip(None, {"a": b"1"}, branch), desk.deed)
    with pytest.raises(Terminal, match="not a valid ref"):
        desk.checkout(commit, branch)
    assert not desk.audit.calls


def test_a_repository_that_is_not_there_needs_a_person(desk: Desk) -> None:
    """The error names the address in one line."""
    desk.url = f"file://{desk.root}/nothing.git"
    with pytest.raises(Terminal, match=r"nothing\.git") as refusal:
        desk.checkout("a" * 40)
    assert "\n" not in str(refusal.value)


def test_a_work_folder_that_cannot_be_made_is_said(desk: Desk) -> None:
    """Failures of git on this machine are told apart from those of a remote."""
    (desk.root / "work").write_text("in the way")
    with pytest.raises(Transient, match="git init of the work folder failed"):
        desk.checkout("a" * 40)


def test_every_call_is_noted(desk: Desk) -> None:
    """Each process stands in the audit trail: command, target, result, product; no work folder's name."""
    commit = desk.bare.commit({"a": "1"})
    desk.checkout(commit)
    assert [call.what.split()[1] for call in desk.audit.calls] == [
        "init",
        "fetch",
        "rev-parse",
        "checkout",
        "log",
    ]
    assert {call.tool for call in desk.audit.calls} == {"git"}
    assert {call.result for call in desk.audit.calls} == {"ok"}
    assert desk.audit.calls[1].target == desk.url
    assert str(desk.deed.folder) not in repr(desk.audit.calls)


class Server:
    """Answers every request with one status, and keeps the headers that came."""

    def __init__(self, status: int) -> None:
        self.seen: list[str | None] = []
        seen = self.seen

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.append(self.headers["Authorization"])
                self.send_response(status)
                if status in {301, 302}:
                    self.send_header("Location", "http://localhost:9/other.git/info/refs")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's name
                """Say nothing."""

        self.http = HTTPServer(("127.0.0.1", 0), Answer)
        self.base = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})


@pytest.fixture
def serve() -> Iterator[Callable[[int], Server]]:
    """Start servers; stop them in the end."""
    started: list[Server] = []

    def start(status: int) -> Server:
        server = Server(status)
        server.thread.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.http.shutdown()
        server.http.server_close()
        server.thread.join()


ANSWERS: dict[str, tuple[int, type[ShipError]]] = {
    "refused": (403, Terminal),
    "not there": (404, Terminal),
    "unwell": (503, Transient),
    "sent elsewhere": (302, Terminal),
}


@pytest.mark.parametrize(("status", "verdict"), ANSWERS.values(), ids=ANSWERS)
def test_a_token_goes_into_a_header_and_nowhere_else(
    desk: Desk, serve: Callable[[int], Server], status: int, verdict: type[ShipError]
) -> None:
    """It reaches the server it is meant for; it is in no argument, address, file or message."""
    server, token = serve(status), uuid4().hex
    credentials = {server.base: Secret(token), "https://forge.example/": Secret("other")}
    door = GitDoor(desk.audit, Ticking(), knowing(token), credentials=credentials)
    wanted = Checkout(f"{server.base}/a.git", "refs/heads/main", "a" * 40, desk.root / "work")
    with pytest.raises(verdict) as refusal:
        door.checkout(wanted, desk.deed)
    basic = b64encode(f"x-access-token:{token}".encode()).decode()
    assert server.seen[0] == f"Basic {basic}"
    left = b"".join(path.read_bytes() for path in desk.root.rglob("*") if path.is_file())
    for form in (token, basic):
        assert form not in f"{refusal.value} {desk.audit.calls}"
        assert form.encode() not in left


def test_a_token_for_another_place_stays_here(desk: Desk, serve: Callable[[int], Server]) -> None:
    """Only addresses under the credential's own prefix get it."""
    server = serve(404)
    door = GitDoor(desk.audit, Ticking(), knowing("-"), credentials={f"{server.base}0": Secret("x")})
    with pytest.raises(Terminal):
        door.checkout(Checkout(f"{server.base}/a", "refs/heads/m", "a" * 40, desk.root / "w"), desk.deed)
    assert server.seen == [None]


def _hang(desk: Desk) -> int:
    """Let the remote hold the deed's lock (a pipe) for a minute; return the pipe's other end."""
    read, write = os.pipe()
    desk.deed = deed_in(desk.root / "lock", lock_fd=write)
    hook = desk.bare.folder / "hooks" / "pre-receive"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\necho held >/proc/self/fd/{write}\nexec sleep 60\n")
    hook.chmod(0o755)
    return read


def _said(desk: Desk, read: int) -> str:
    assert desk.deed.lock_fd is not None
    os.close(desk.deed.lock_fd)
    with os.fdopen(read) as pipe:
        return pipe.read()  # ends only when no process holds the other side any more


def test_a_hung_remote_is_ended(tmp_path: Path) -> None:
    """The time limit ends git with everything it started; the deed's lock was inherited until then."""
    desk = Desk(tmp_path, timeout_s=0.5)
    read = _hang(desk)
    with pytest.raises(Transient, match=r"timed out after 0.5 s"):
        desk.door.push(desk.tip(None, {"a": b"1"}), desk.deed)
    assert _said(desk, read) == "held\n"


def test_an_interrupt_ends_git_too(desk: Desk) -> None:
    """Ctrl-C leaves no process behind."""
    read = _hang(desk)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            desk.door.push(desk.tip(None, {"a": b"1"}), desk.deed)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert _said(desk, read) == "held\n"


def test_a_server_that_fails_while_taking_may_be_tried_again(desk: Desk) -> None:
    """Any other failure of a push is transient, and quotes git."""
    hook = desk.bare.folder / "hooks" / "pre-receive"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)
    with pytest.raises(Transient, match="git push of file:"):
        desk.door.push(desk.tip(None, {"a": b"1"}), desk.deed)
    assert desk.bare.tip("gh-pages") is None


def test_without_git_a_person_must_act(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No git on the machine is said plainly."""
    monkeypatch.setenv("PATH", str(desk.root))
    with pytest.raises(Terminal, match="git is not installed"):
        desk.checkout("a" * 40)
