"""The door to git (GitPython): fetches one commit, makes one commit of a folder, pushes it; never forces.

Only `Git.execute` with whole argument lists is used: GitPython's `Repo` keeps processes open, and its
shortcuts let options of the caller through. The child gets no configuration, hook or variable of the user.
"""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import which
from tempfile import mkdtemp
from threading import Timer
from typing import TYPE_CHECKING

from reconciler.model.errors import Terminal, Transient, Waiting
from reconciler.model.record import ToolCall
from reconciler.model.redact import Redactor
from reconciler.model.secret import Secret
from reconciler.outside.gitfiles import contain_links, one_line, write_stream
from reconciler.outside.gitnames import check_commit, check_ref, check_url
from reconciler.outside.gitworld import environment, variables_to_drop
from reconciler.ports import Audit, Checkout, Clock, Deed, Tip

if TYPE_CHECKING:
    from git.cmd import Git as GitProgram

LOOK_AGAIN_S = 5.0
_EXACT = "* -text !eol -ident -filter !working-tree-encoding\n"
"""Attributes that outrank the repository's own: files are written byte for byte, no filter runs."""

_MOVED = (
    "stale info",
    "fetch first",
    "non-fast-forward",
    "reference already exists",
    "cannot lock ref",
    "failed to update ref",
    "incorrect old value",
)
_FOR_A_PERSON = (
    "authentication failed",
    "could not read username",
    "does not appear to be a git repository",
    "does not exist",
    "dubious ownership",
    "host key verification failed",
    "not found",
    "permission denied",
    "remote rejected",
    "requested url returned error: 30",
    "requested url returned error: 40",
    "not allowed",
)


@dataclass(frozen=True, slots=True)
class _Call:
    """One git command: its words after `git`, where it runs, what it reads, whom it talks to."""

    words: Sequence[str]
    folder: Path
    url: str = ""
    stdin: Path | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    code: int
    out: str
    err: str
    late: bool = False


class GitDoor:
    """Implements `ports.Git`. `credentials`: address prefix such as `https://host/` to token."""

    def __init__(
        self,
        audit: Audit,
        clock: Clock,
        redactor: Redactor,
        *,
        credentials: Mapping[str, Secret] | None = None,
        timeout_s: float = 300.0,
    ) -> None:
        self._audit = audit
        self._clock = clock
        self._redactor = redactor
        self._credentials = credentials or {}
        self._timeout_s = timeout_s

    def checkout(self, wanted: Checkout, deed: Deed) -> int:
        """Fetch one commit shallowly and write its files; return its committer time in epoch seconds.

        Links that lead out of the work tree are written as plain files that hold the link's text.
        """
        url, ref, commit = check_url(wanted.url), check_ref(wanted.ref), check_commit(wanted.commit)
        self._init(wanted.folder, deed, bare=False)
        kept = ref if ref.startswith("refs/tags/") else "refs/ship/wanted"
        here = _Call((), wanted.folder)
        if self._fetch(replace(here, url=url), ref, kept, deed) != commit:
            msg = f"{ref} of {url} moved: it is no longer at {commit[:12]}"
            raise Waiting(msg, retry_after_s=LOOK_AGAIN_S)
        self._do(replace(here, words=("checkout", "-q", "--detach", commit, "--")), deed)
        contain_links(wanted.folder)
        return int(self._do(replace(here, words=("log", "-1", "--format=%ct", commit, "--")), deed))

    def push(self, tip: Tip, deed: Deed) -> str:
        """Commit the folder (every file, mode 100644) and push it as a fast-forward of `parent`.

        Returns the parent when its tree is the same already. When git fails the branch is looked at
        again: the push may have arrived though its answer did not.
        """
        url, branch = check_url(tip.url), check_ref(f"refs/heads/{tip.branch}")
        work = Path(mkdtemp(prefix="push-", dir=deed.folder))
        here = _Call((), work / "git", url)
        self._init(here.folder, deed, bare=True)
        if tip.parent and self._fetch(here, branch, "refs/ship/parent", deed) != check_commit(tip.parent):
            raise _moved(tip)
        commit = self._commit(tip, here, work / "stream", deed)
        if commit == tip.parent:
            return commit
        deed.guard()
        lease = f"--force-with-lease={branch}:{tip.parent or ''}"
        words = ("push", "--porcelain", "--no-verify", lease, "--", url, f"{commit}:{branch}")
        answer = self._run(replace(here, words=words), deed)
        if answer.code and self._tip(here, branch, deed) != commit:
            if _has(answer.out + answer.err, _MOVED):
                raise _moved(tip)
            raise self._failure(answer, "push", url)
        return commit

    def _init(self, folder: Path, deed: Deed, *, bare: bool) -> None:
        words = ("init", "-q", "--template=", *(("--bare",) if bare else ()), "--", str(folder))
        self._do(_Call(words, deed.folder), deed)
        info = folder / ("info" if bare else ".git/info")
        info.mkdir(exist_ok=True)
        (info / "attributes").write_text(_EXACT, encoding="utf-8")

    def _fetch(self, here: _Call, ref: str, kept: str, deed: Deed) -> str | None:
        """Return the commit that the remote ref stands for now; None when there is no such ref."""
        words = ("fetch", "-q", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", here.url)
        answer = self._run(replace(here, words=(*words, f"{ref}:{kept}")), deed)
        if answer.code and "couldn't find remote ref" in answer.err:
            return None
        if answer.code:
            raise self._failure(answer, "fetch", here.url)
        name = f"{kept}^{{commit}}"
        return self._do(replace(here, words=("rev-parse", "--verify", "-q", name), url=""), deed)

    def _commit(self, tip: Tip, here: _Call, stream: Path, deed: Deed) -> str:
        """Make the commit with fast-import: bytes as they are, no ignore rules, no attributes, no index."""
        write_stream(tip, stream)
        self._do(replace(here, words=("fast-import", "--quiet", "--done"), stdin=stream, url=""), deed)
        stream.unlink()
        names = ["refs/ship/new^{commit}", "refs/ship/new^{tree}"]
        names += [f"{tip.parent}^{{tree}}"] if tip.parent else []
        commit, *trees = self._do(replace(here, words=("rev-parse", *names), url=""), deed).split()
        return tip.parent if tip.parent and trees[0] == trees[1] else commit

    def _tip(self, here: _Call, branch: str, deed: Deed) -> str | None:
        answer = self._run(replace(here, words=("ls-remote", "--", here.url, branch)), deed)
        return answer.out.split("\t")[0] if answer.code == 0 and answer.out else None

    def _do(self, call: _Call, deed: Deed) -> str:
        answer = self._run(call, deed)
        if answer.code:
            raise self._failure(answer, call.words[0], call.url or "the work folder")
        return answer.out.strip()

    def _failure(self, answer: _Answer, verb: str, target: str) -> Terminal | Transient:
        if answer.late:
            return Transient(f"git {verb} of {target} timed out after {self._timeout_s:g} s")
        text = f"git {verb} of {target} failed: {answer.err or f'exit code {answer.code}'}"
        return Terminal(text) if _has(answer.out + answer.err, _FOR_A_PERSON) else Transient(text)

    def _run(self, call: _Call, deed: Deed) -> _Answer:
        """Run one git command in its own session, and note it."""
        started = self._clock.now()
        raw = self._start(call, deed)
        refused = [line for line in raw.out.splitlines() if line.startswith("!")]  # by push --porcelain
        err = one_line(self._redactor.clean("\n".join([raw.err, *refused])), deed.folder)
        answer = _Answer(raw.code, raw.out, err, raw.late)
        text = self._redactor.clean(" ".join(["git", *call.words])).replace(str(deed.folder), ".")
        ok = "ok" if answer.code == 0 else f"exit {answer.code}: {err}"
        took = (self._clock.now() - started).total_seconds()
        target = self._redactor.clean(call.url or "work folder")
        result = "timed out" if answer.late else ok
        self._audit.called(ToolCall(started, "git", text, target, result, took, deed.product))
        return answer

    def _start(self, call: _Call, deed: Deed) -> _Answer:
        env = environment(deed.folder, call.url, self._credentials)
        # `env -u` takes the user's other variables away: GitPython itself can only add some.
        drop = [word for name in variables_to_drop(env) for word in ("-u", name)]
        with open(call.stdin or os.devnull, "rb") as stdin:  # noqa: PTH123 -- a real descriptor for the child
            child = _git()(call.folder).execute(
                ["env", *drop, "git", *call.words],
                istream=stdin,
                as_process=True,
                env=env,
                start_new_session=True,
                pass_fds=() if deed.lock_fd is None else (deed.lock_fd,),
            )
            return self._await(child)

    def _await(self, child: "GitProgram.AutoInterrupt") -> _Answer:
        """Wait for the end; at the time limit, or when we are interrupted, end the whole session."""
        late: list[bool] = []

        def end() -> None:
            late.append(True)
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)

        timer = Timer(self._timeout_s, end)
        timer.daemon = True
        timer.start()
        try:
            out, err = child.communicate()
        except BaseException:
            end()
            raise
        finally:
            timer.cancel()
        return _Answer(child.returncode, _text(out), _text(err), bool(late))


def _git() -> "type[GitProgram]":
    if which("git") is None:
        msg = "git is not installed: it is nowhere on PATH"
        raise Terminal(msg)
    from git.cmd import Git  # noqa: PLC0415 -- heavy, and starts git once

    return Git


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _has(text: str, words: Sequence[str]) -> bool:
    lower = text.lower()
    return any(word in lower for word in words)


def _moved(tip: Tip) -> Waiting:
    was = f"at {tip.parent[:12]}" if tip.parent else "absent"
    msg = f"docs branch moved: {tip.branch!r} of {tip.url} is no longer {was}"
    return Waiting(msg, retry_after_s=LOOK_AGAIN_S)
