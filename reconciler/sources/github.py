"""Sees repositories on GitHub or the local forge: branch tip, release tag, docs branch."""

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from reconciler.model.cache import Cache
from reconciler.model.errors import ShipError
from reconciler.model.observed import DocsRecord, Fact, Head, Observation, Sight, Tag
from reconciler.model.product import Product
from reconciler.ports import Branch, Forge, Look, RepoView

NAME = "github"
ANCESTRY = "ancestry"
NEWEST = "tags"
"""`release.version` that means the newest tag."""
TRAILER = re.compile(r"^(?P<key>[A-Za-z][A-Za-z-]*): (?P<value>.*)$")


class GitHubSource:
    """Facts Head, Tag, DocsRecord. One query per 50 products; a new pair of head and tag costs one more."""

    name = NAME

    def __init__(self, forge: Forge, remembered: Cache) -> None:
        self._forge, self._cache = forge, remembered

    def observe(self, sights: Sequence[Sight]) -> Iterable[Observation]:
        """Look at many products at once; see `ports.Source`."""
        products = [sight.product for sight in sights]
        views = self._forge.look([_look(product) for product in products])
        for product in products:
            view = views.get(product.name, f"the forge said nothing about {product.repo}")
            if isinstance(view, str):
                yield Observation(product.name, NAME, unknown=view)
                continue
            try:
                facts = tuple(self._facts(product, view))
            except ShipError as error:
                yield Observation(product.name, NAME, unknown=str(error))
            else:
                yield Observation(product.name, NAME, facts)

    def _facts(self, product: Product, view: RepoView) -> Iterable[Fact]:
        head = view.head
        if head is not None:
            yield Head(product.branch, head.commit, head.tree, view.clone_url, head.rollup)
        if product.release is not None and (tag := self._tag(product, view, product.release.version)):
            yield tag
        if product.docs is not None and view.docs is not None:
            yield _record(product.docs.branch, view.docs, view.record)

    def _tag(self, product: Product, view: RepoView, version: str) -> Tag | None:
        """Choose the release's tag.

        Pinned: `v<version>` or `<version>`, wherever it is. Newest: the highest SemVer final on the
        branch; prereleases are never chosen, they are released by pinning them.
        """
        if version != NEWEST:
            commits = dict(view.tags)
            name = next((name for name in _names(version) if name in commits), None)
            return None if name is None else Tag(name, _plain(version), commits[name], view.clone_url)
        if view.head is None:
            return None
        for name, commit in sorted(_finals(view.tags), key=_precedence, reverse=True):
            if self._on_branch(product, view.head.commit, commit):
                return Tag(name, _plain(name), commit, view.clone_url)
        return None

    def _on_branch(self, product: Product, head: str, commit: str) -> bool:
        key = f"{product.repo}:{head}:{commit}"
        known = "yes" if head == commit else self._cache.get(ANCESTRY, key)
        if known is None:
            contained = self._forge.contains(product.repo, descendant=head, ancestor=commit)
            known = "yes" if contained else "no"
            self._cache.put(ANCESTRY, key, known)
        return known == "yes"


def _look(product: Product) -> Look:
    release = product.release
    pinned = release.version if release is not None and release.version != NEWEST else None
    return Look(
        product=product.name,
        repo=product.repo,
        branch=product.branch,
        docs_branch=product.docs.branch if product.docs is not None else None,
        tags=release is not None and pinned is None,
        tag_names=_names(pinned) if pinned is not None else (),
    )


def _names(version: str) -> tuple[str, str]:
    return f"v{_plain(version)}", _plain(version)


def _plain(name: str) -> str:
    return name[1:] if name[:1] == "v" and name[1:2].isdigit() else name


def _finals(tags: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [tag for tag in tags if (parsed := _parsed(tag[0])) is not None and not parsed.prerelease]


def _precedence(tag: tuple[str, str]) -> tuple[Any, str]:
    """SemVer's precedence; where it says equal (build metadata, `v1` beside `1`) the name decides."""
    parsed = _parsed(tag[0])
    return (parsed.major, parsed.minor, parsed.patch), tag[0]


@cache
def _parsed(name: str) -> Any:  # noqa: ANN401 -- semver.Version, loaded late
    """Parse a tag's name as SemVer 2.0; None: it is none."""
    from semver import Version  # noqa: PLC0415 -- 35 ms that only a product with tags needs

    plain = _plain(name)
    return Version.parse(plain) if Version.is_valid(plain) else None


def _record(branch: str, tip: Branch, text: str | None) -> DocsRecord:
    record = _document(text)
    inputs, source = record.get("inputs"), record.get("sourceCommit")
    return DocsRecord(
        branch=branch,
        commit=tip.commit,
        tree=tip.tree,
        inputs=inputs,
        source_commit=source,
        intact=inputs is not None and _trailers(tip.message).get("Ship-Docs-Inputs") == inputs,
    )


def _document(text: str | None) -> dict[str, str]:
    """Read `.ship-docs.json`; what is not a record of ours reads as none."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(found, dict) or found.get("schema") != "ship/docs/v1":
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _trailers(message: str) -> dict[str, str]:
    """Read the trailers: the last paragraph's `Key: value` lines (git-interpret-trailers(1))."""
    last = message.strip().rpartition("\n\n")[2]
    return {found["key"]: found["value"] for line in last.splitlines() if (found := TRAILER.match(line))}
