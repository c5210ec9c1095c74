"""The observing query: what is asked of 50 repositories at once, and how its answer reads; sends nothing.

Everything that people name (owners, branches, tags) travels as a variable, never inside the document.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.ports import Branch, Look, RepoView

RECORD = ".ship-docs.json"
Node = Mapping[str, Any]

# A tag may point to a tag that points to a tag; three levels are read, as deep as anybody signs.
_PARTS = """
fragment Tip on Commit { oid message tree { oid } }
fragment Peeled on Ref { name target { __typename oid ... on Tag {
  target { __typename oid ... on Tag { target { __typename oid } } } } } }
"""
_TAGS = (
    'tags: refs(refPrefix: "refs/tags/", first: 100, orderBy: {field: TAG_COMMIT_DATE, direction: DESC}) '
    "{ nodes { ...Peeled } }"
)
_HEAD = "{ target { ... on Commit { ...Tip statusCheckRollup { state } } } }"
_DOCS = "{ target { ... on Commit { ...Tip } } }"


class Question:
    """A GraphQL document with its variables. Looks that differ only in the repository share a fragment."""

    def __init__(self, looks: Sequence[Look]) -> None:
        """Ask for all looks; the answer to the n-th is under `r<n>`."""
        self._names: dict[str, str] = {}
        self._fragments: dict[str, str] = {}
        self._lines = [self._line(f"r{number}", look) for number, look in enumerate(looks)]

    @property
    def variables(self) -> dict[str, str]:
        """Values by name; equal values share one."""
        return {name: value for value, name in self._names.items()}

    @property
    def document(self) -> str:
        """The query's text."""
        declared = ", ".join(f"${name}: String!" for name in self._names.values())
        shapes = [f"fragment {name} on Repository {{ {body} }}" for body, name in self._fragments.items()]
        text = "\n".join([f"query Observe({declared}) {{", *self._lines, "}", *shapes])
        used = [part for part in _PARTS.split("\nfragment ")[1:] if f"...{part.split()[0]}" in text]
        return text + "".join(f"\nfragment {part}" for part in used)

    def _line(self, alias: str, look: Look) -> str:
        owner, name = look.repo.slug
        fragment = self._fragments.setdefault(self._shape(look), f"Shape{len(self._fragments)}")
        return f"{alias}: repository(owner: {self._put(owner)}, name: {self._put(name)}) {{ ...{fragment} }}"

    def _shape(self, look: Look) -> str:
        parts = ["url", f"head: ref(qualifiedName: {self._put(f'refs/heads/{look.branch}')}) {_HEAD}"]
        if look.docs_branch is not None:
            ref = f"refs/heads/{look.docs_branch}"
            parts.append(f"docs: ref(qualifiedName: {self._put(ref)}) {_DOCS}")
            parts.append(
                f"record: object(expression: {self._put(f'{ref}:{RECORD}')}) {{ ... on Blob {{ text }} }}"
            )
        if look.tags:
            parts.append(_TAGS)
        for number, tag in enumerate(look.tag_names):
            parts.append(f"t{number}: ref(qualifiedName: {self._put(f'refs/tags/{tag}')}) {{ ...Peeled }}")
        return " ".join(parts)

    def _put(self, value: str) -> str:
        """Name a variable for the value."""
        return f"${self._names.setdefault(value, f'v{len(self._names)}')}"


def view(node: Node, look: Look) -> RepoView:
    """Read one repository of the answer."""
    url = str(node["url"])
    listed = [*((node.get("tags") or {}).get("nodes") or ())]
    named = [found for number in range(len(look.tag_names)) if (found := node.get(f"t{number}"))]
    tags = [(ref["name"], commit) for ref in [*listed, *named] if ref and (commit := _peeled(ref["target"]))]
    return RepoView(
        clone_url=url if url.startswith("file:") else f"{url}.git",
        head=_branch(node["head"]),
        docs=_branch(node.get("docs")),
        record=(node.get("record") or {}).get("text"),
        tags=tuple(dict.fromkeys(tags)),
    )


def _branch(ref: Node | None) -> Branch | None:
    if ref is None:
        return None
    commit = ref["target"]
    rollup = commit.get("statusCheckRollup")
    return Branch(commit["oid"], commit["tree"]["oid"], commit["message"], rollup and rollup["state"])


def _peeled(target: Node | None) -> str | None:
    while target is not None and target["__typename"] == "Tag":
        target = target.get("target")
    return target["oid"] if target is not None and target["__typename"] == "Commit" else None
