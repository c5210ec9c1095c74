"""Globs over paths of a repository."""

import pytest

from reconciler.model.globs import literal, matcher

CASES: dict[str, tuple[list[str], list[str], list[str]]] = {
    "a file": (["mkdocs.yml"], ["mkdocs.yml"], ["x/mkdocs.yml", "mkdocs.yml2", "mkdocsxyml"]),
    "everything in a folder": (["docs/**"], ["docs/a", "docs/a/b.md"], ["docs2/a", "x/docs/a"]),
    "a folder by its name": (["docs"], ["docs", "docs/a/b"], ["docsx"]),
    "a folder with a slash": (["docs/"], ["docs/a/b"], ["docsx/a"]),
    "star stays in one name": (["src/*.py"], ["src/a.py", "src/.py"], ["src/a/b.py", "src/a.pyc"]),
    "star takes hidden files": (["*"], [".hidden", "a"], []),
    "any depth": (["**/*.py"], ["a.py", "a/b/c.py"], ["a.pyi"]),
    "any depth between": (["a/**/z"], ["a/z", "a/b/z", "a/b/c/z/deeper"], ["z", "a/bz"]),
    "all": (["**"], ["a", "a/b", "a\nb"], []),
    "the root": ([".", "docs"], ["a", "docs/b"], []),
    "question": (["a?c"], ["abc"], ["ac", "a/c", "abbc"]),
    "class": (["[a-c]x"], ["ax", "cx"], ["dx", "x"]),
    "not in class": (["a[!b]c"], ["axc"], ["abc", "a/c"]),
    "bracket in class": (["[]]x"], ["]x"], ["x"]),
    "empty brackets": (["a[]"], ["a[]"], ["a"]),
    "caret is a member": (["[b^]"], ["^", "b"], ["a"]),
    "wrong range": (["[z-a]", "x[!z-a]"], ["xy"], ["z", "a", "-"]),
    "escaped": ([r"a\*b"], ["a*b"], ["axb"]),
    "dot is a dot": (["a.b"], ["a.b"], ["axb"]),
    "leading ./ and /": (["./a", "/b"], ["a", "b"], ["x/a"]),
    "taken away": (["docs/**", "!docs/drafts"], ["docs/a"], ["docs/drafts/a"]),
    "taken away, given back": (["a", "!a/b", "a/b/c"], ["a/x", "a/b/c"], ["a/b/d"]),
    "stars between": (["a*b*c"], ["abc", "axbxbxc"], ["acb", "ab/c"]),
    "no pattern": ([], [], ["a"]),
}


@pytest.mark.parametrize(("patterns", "hits", "misses"), CASES.values(), ids=CASES)
def test_patterns(patterns: list[str], hits: list[str], misses: list[str]) -> None:
    """Each pattern takes what it says and no more."""
    matches = matcher(patterns)
    assert ([path for path in hits if not matches(path)], [path for path in misses if matches(path)]) == (
        [],
        [],
    )


@pytest.mark.parametrize("path", ["a*b", "[x]", "!a", "a\\b", "a?/b", "plain/ü.md"])
def test_a_literal_matches_itself(path: str) -> None:
    """Whatever stands in a name, its literal matches it, what lies in it, and no other."""
    matches = matcher([literal(path)])
    assert matches(path)
    assert matches(f"{path}/x")
    assert not matches(f"{path}x")


def test_no_pattern_takes_long() -> None:
    """A pattern of many stars is answered at once: its parts are never tried again."""
    assert not matcher(["*a" * 30 + "b"])("a" * 2000)
