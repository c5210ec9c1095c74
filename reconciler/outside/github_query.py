"""The observing query: what is asked of 50 repositories at once, and how its answer reads; sends nothing.

Everything that people name (owners, branches, tags) travels as a variable, never inside the document.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.ports import Branch, Look, RepoView

RECORD = ".ship-docs.json"
Node = Mapping[str, Any]

# A tag may point to a tag that points to a tag; three levels are read, as deep as anybody signs.
_PEELED = "__typename oid ... on Tag { target { __typename oid ... on Tag { target { __typename oid } } } }"
_TAGS = (
    'tags: refs(refPrefix: "refs/tags/", first: 100, orderBy: {field: TAG_COMMIT_DATE, direction: DESC}) '
    f"{{ nodes {{ name target {{ {_PEELED} }} }} }}"
)
_TIP = "target { oid ... on Commit { message tree { oid } } }"
_HEAD = "target { oid ... on Commit { message tree { oid } statusCheckRollup { state } } }"


@dataclass(slots=True)
class Question:
    """A GraphQL document with its variables."""

    variables: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, looks: Sequence[Look]) -> "Question":
        """Ask for all looks; the answer to the n-th is under `r<n>`."""
        question = cls()
        for number, look in enumerate(looks):
            question.add(f"r{number}", look)
        return question

    @property
    def document(self) -> str:
        """The query's text."""
        declared = ", ".join(f"${name}: String!" for name in self.variables)
        body = "\n".join(self.lines)
        return f"query Observe({declared}) {{\n{body}\n}}\n"

    def add(self, alias: str, look: Look) -> None:
        """Ask for one repository."""
        owner, name = look.repo.slug
        parts = ["url", f"head: ref(qualifiedName: {self._put(f'refs/heads/{look.branch}')}) {{ {_HEAD} }}"]
        if look.docs_branch is not None:
            ref = f"refs/heads/{look.docs_branch}"
            parts.append(f"docs: ref(qualifiedName: {self._put(ref)}) {{ {_TIP} }}")
            parts.append(
                f"record: object(expression: {self._put(f'{ref}:{RECORD}')}) {{ ... on Blob {{ text }} }}"
            )
        if look.tags:
            parts.append(_TAGS)
        for number, tag in enumerate(look.tag_names):
            ref = self._put(f"refs/tags/{tag}")
            parts.append(f"t{number}: ref(qualifiedName: {ref}) {{ name target {{ {_PEELED} }} }}")
        head = f"{alias}: repository(owner: {self._put(owner)}, name: {self._put(name)})"
        self.lines.append(f"  {head} {{ {' '.join(parts)} }}")

    def _put(self, value: str) -> str:
        """Name a variable for the value; equal values share one."""
        name = self._names.setdefault(value, f"v{len(self._names)}")
        self.variables[name] = value
        return f"${name}"


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
