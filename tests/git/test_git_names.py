"""What is let through to a git command line."""

import subprocess

import pytest

from reconciler.model.errors import Terminal
from reconciler.outside.gitnames import check_commit, check_ref, check_url

GOOD_URLS = {
    "a local repository": "file:///srv/repos/a.git",
    "GitHub": "https://forge.example/acme/tidy.git",
    "another port": "https://forge.example:8443/acme/tidy.git",
    "ssh with user": "ssh://git@forge.example/acme/tidy.git",
    "plain http to loopback": "http://127.0.0.1:8080/a.git",
    "plain http to loopback in IPv6": "http://[::1]:8080/a.git",
}
BAD_URLS = {
    "runs a command": "ext::sh -c touch% x",
    "option": "--upload-pack=touch x",
    "no scheme": "/srv/a.git",
    "scp form": "git@forge.example:a.git",
    "plain http": "http://forge.example/a.git",
    "loopback in the name only": "http://127.0.0.1.evil.example/a.git",
    "other transport": "git://forge.example/a.git",
    "unknown helper": "foo::https://forge.example/a.git",
    "password in the address": "https://ada:word@forge.example/a.git",
    "token in the address": "https://word@forge.example/a.git",
    "password over ssh": "ssh://ada:word@forge.example/a.git",
    "host is an option": "ssh://-oProxyCommand=x/a.git",
    "user is an option": "ssh://-x@forge.example/a.git",
    "file on a host": "file://host/a.git",
    "relative file": "file:a.git",
    "newline": "https://forge.example/a.git\n",
    "space": "https://forge.example/a b.git",
    "query": "https://forge.example/a.git?x=1",
    "no host": "https:///a.git",
    "broken address": "https://[::1/a.git",
}
REFS = {
    "branch": "refs/heads/main",
    "folder in the name": "refs/heads/a/b-c_d.e",
    "tag": "refs/tags/v1.0.0",
    "not full": "main",
    "no name": "refs/heads",
    "empty name": "refs/heads/",
    "double dot": "refs/heads/a..b",
    "space": "refs/heads/a b",
    "glob": "refs/heads/*",
    "colon": "refs/heads/a:b",
    "tilde": "refs/heads/a~1",
    "caret": "refs/heads/a^",
    "backslash": "refs/heads/a\\b",
    "question": "refs/heads/a?",
    "bracket": "refs/heads/a[",
    "lock": "refs/heads/a.lock",
    "lock in the middle": "refs/heads/a.lock/b",
    "hidden": "refs/heads/.a",
    "ends with dot": "refs/heads/a.",
    "ends with slash": "refs/heads/a/",
    "double slash": "refs/heads//a",
    "reflog": "refs/heads/a@{1}",
    "control": "refs/heads/a\x7f",
    "newline": "refs/heads/a\n",
}


@pytest.mark.parametrize("url", GOOD_URLS.values(), ids=GOOD_URLS)
def test_addresses_of_repositories_pass(url: str) -> None:
    """File, https, ssh and plain http to loopback are addresses."""
    assert check_url(url) == url


@pytest.mark.parametrize("url", BAD_URLS.values(), ids=BAD_URLS)
def test_other_addresses_do_not(url: str) -> None:
    """Anything that could run something, send a credential or name an option is refused, in one line."""
    with pytest.raises(Terminal) as refusal:
        check_url(url)
    assert "word" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.real
@pytest.mark.parametrize("ref", REFS.values(), ids=REFS)
def test_refs_are_judged_as_git_does(ref: str) -> None:
    """Our rules for full ref names agree with `git check-ref-format`."""
    git = subprocess.run(["git", "check-ref-format", ref], check=False).returncode == 0
    try:
        ours = check_ref(ref) == ref
    except Terminal:
        ours = False
    assert ours == (git and ref.count("/") > 1)


@pytest.mark.parametrize("ref", ["refs/heads/-d", "refs/heads/--force", "refs/heads/a/-b", "--exec=x"])
def test_refs_like_options_are_refused(ref: str) -> None:
    """No part of a ref may start with a dash, though git would take it."""
    with pytest.raises(Terminal, match="not a valid ref"):
        check_ref(ref)


@pytest.mark.parametrize("commit", ["", "HEAD", "abc", "-" * 40, "g" * 40, "a" * 41, "a" * 40 + "\n"])
def test_only_whole_ids_are_commits(commit: str) -> None:
    """A short, symbolic or option-like name is no commit id."""
    with pytest.raises(Terminal, match="not a commit id"):
        check_commit(commit)
