"""Sees what each product's documentation would be built from: a digest over blob ids, without a clone."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from typing import TypeVar

from reconciler.model.cache import Cache
from reconciler.model.canonical import digest
from reconciler.model.errors import ShipError, Terminal
from reconciler.model.globs import literal, matcher
from reconciler.model.observed import DocsInputs, Head, Observation, Sight
from reconciler.model.product import DocsSpec, ProductName, RepoRef
from reconciler.ports import DocsBuilder, Forge, TreeEntry

T = TypeVar("T")

NAME = "docs"
SPACE = "docs-inputs"
LINK = "120000"
MOST_LINKS = 200


class _Blind(Exception):  # noqa: N818 -- a verdict, as in model/errors.py
    """The forge did not answer: nothing is remembered, and the next run asks again."""


@dataclass(frozen=True, slots=True)
class _Ask:
    """One product whose tree must be looked at."""

    product: ProductName
    repo: RepoRef
    head: Head
    spec: DocsSpec
    builder: DocsBuilder
    fingerprint: str

    @property
    def key(self) -> str:
        """What the answer depends on, whole."""
        spec = self.spec
        parts = [str(self.repo), self.head.tree, spec.builder, spec.config, spec.inputs, self.fingerprint]
        return digest(parts)


class DocsSource:
    """Fact DocsInputs of the branch's tip. A tree that was seen before costs no request."""

    name = NAME

    def __init__(
        self, forge: Forge, builders: Mapping[str, DocsBuilder], remembered: Cache, *, threads: int = 8
    ) -> None:
        self._forge, self._builders, self._cache = forge, builders, remembered
        self._threads = threads

    def observe(self, sights: Sequence[Sight]) -> Iterable[Observation]:
        """Look at the products that declare `docs`; see `ports.Source`."""
        prints = _Fingerprints(self._builders)
        news: list[_Ask] = []
        for sight in sights:
            if sight.product.docs is None:
                continue
            ask = _asked(sight, sight.product.docs, prints)
            if isinstance(ask, str):
                yield Observation(sight.product.name, NAME, unknown=ask)
            elif (known := _remembered(ask, self._cache.get(SPACE, ask.key))) is not None:
                yield known
            else:
                news.append(ask)
        for ask, answer in zip(news, self._all(news), strict=True):
            if isinstance(answer, _Blind):
                yield Observation(ask.product, NAME, unknown=str(answer))
            else:
                self._cache.put(SPACE, ask.key, answer)
                yield _observation(ask, answer)

    def _all(self, asks: Sequence[_Ask]) -> Iterable[str | _Blind]:
        if len(asks) < 2 or self._threads < 2:  # noqa: PLR2004 -- nothing to do side by side
            return [self._look(ask) for ask in asks]
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 -- only for news

        with ThreadPoolExecutor(min(self._threads, len(asks))) as pool:
            return list(pool.map(self._look, asks))

    def _look(self, ask: _Ask) -> str | _Blind:
        """Return what to remember, as JSON."""
        try:
            inputs = _Inputs(self._forge, ask).read()
        except _Blind as blind:
            return blind
        except Terminal as error:
            return json.dumps({"unknown": str(error)})
        return json.dumps({"digest": inputs.digest, "files": inputs.files})


class _Fingerprints:
    """Asks each builder once a pass."""

    def __init__(self, builders: Mapping[str, DocsBuilder]) -> None:
        self._builders = builders
        self._known: dict[str, tuple[DocsBuilder, str] | str] = {}

    def of(self, name: str) -> tuple[DocsBuilder, str] | str:
        """Return the builder and its fingerprint; a str says why there is none."""
        if name not in self._known:
            self._known[name] = self._ask(name)
        return self._known[name]

    def _ask(self, name: str) -> tuple[DocsBuilder, str] | str:
        builder = self._builders.get(name)
        if builder is None:
            return f"docs builder {name!r} is not known"
        try:
            return builder, builder.fingerprint()
        except ShipError as error:
            return str(error)


def _asked(sight: Sight, spec: DocsSpec, prints: _Fingerprints) -> _Ask | str:
    product = sight.product
    if sight.observed.blind("github"):
        return "needs github, which did not answer"
    head = sight.observed.one(Head)
    if head is None:
        return f"branch {product.branch!r} does not exist"
    found = prints.of(spec.builder)
    return found if isinstance(found, str) else _Ask(product.name, product.repo, head, spec, *found)


def _remembered(ask: _Ask, text: str | None) -> Observation | None:
    """Read what the cache holds; what is damaged there is not known."""
    try:
        return None if text is None else _observation(ask, text)
    except (ValueError, TypeError, KeyError):
        return None


def _observation(ask: _Ask, known: str) -> Observation:
    value = json.loads(known)
    if "unknown" in value:
        return Observation(ask.product, NAME, unknown=value["unknown"])
    return Observation(ask.product, NAME, (DocsInputs(value["digest"], value["files"]),))


class _Inputs:
    """The inputs of one tree."""

    def __init__(self, forge: Forge, ask: _Ask) -> None:
        self._forge, self._ask = forge, ask
        self._entries: dict[str, TreeEntry] = {}

    def read(self) -> DocsInputs:
        """Digest path, blob id and mode of every input. Raises _Blind, Terminal (the configuration)."""
        ask = self._ask
        tree = _seen(lambda: self._forge.tree(ask.repo, ask.head.tree))
        self._entries = {entry.path: entry for entry in tree}
        config = normpath(ask.spec.config)
        if config not in self._entries:
            msg = f"docs configuration {ask.spec.config!r} is not on branch {ask.head.branch!r}"
            raise Terminal(msg)
        patterns = ask.spec.inputs or ask.builder.patterns(config, self._text)
        picked = self._followed(matcher([*patterns, literal(config)]))
        files = [[path, self._entries[path].sha, self._entries[path].mode] for path in sorted(picked)]
        return DocsInputs(digest([files, config, ask.spec.builder, ask.fingerprint]), len(files))

    def _text(self, path: str) -> str | None:
        entry = self._entries.get(path)
        for _ in range(MOST_LINKS):
            if entry is None or entry.mode != LINK:
                break
            entry = self._entries.get(self._target(entry))
        if entry is None or entry.mode == LINK:
            return None
        try:
            return self._blob(entry).decode()
        except UnicodeDecodeError:
            msg = f"{path}:1: is not UTF-8"
            raise Terminal(msg) from None

    def _followed(self, matches: Callable[[str], bool]) -> set[str]:
        """Pick what matches, and what the links among it lead to: `docs/index.md -> ../README.md`."""
        picked: set[str] = set()
        todo = [path for path in self._entries if matches(path)]
        links = 0
        while todo:
            path = todo.pop()
            if path in picked:
                continue
            picked.add(path)
            if self._entries[path].mode == LINK:
                links += 1
                if links > MOST_LINKS:
                    msg = f"docs inputs hold more than {MOST_LINKS} links"
                    raise Terminal(msg)
                todo += self._under(self._target(self._entries[path]))
        return picked

    def _under(self, target: str) -> Iterator[str]:
        """Yield a link's target: a file, or all of a folder; nothing outside of the repository."""
        return (path for path in self._entries if path == target or path.startswith(f"{target}/"))

    def _target(self, link: TreeEntry) -> str:
        return normpath(join(dirname(link.path), self._blob(link).decode(errors="replace")))

    def _blob(self, entry: TreeEntry) -> bytes:
        return _seen(lambda: self._forge.blob(self._ask.repo, entry.sha))


def _seen(ask: Callable[[], T]) -> T:
    """Ask the forge; its failure is not the configuration's."""
    try:
        return ask()
    except ShipError as error:
        raise _Blind(str(error)) from None
