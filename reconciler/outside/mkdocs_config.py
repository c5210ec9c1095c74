"""Reads MkDocs configurations of strangers with PyYAML, as MkDocs does, and tells what a site is built from.

Nothing is imported or run: tags that name Python objects are read as plain values.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from typing import Any

import yaml

from reconciler.model.errors import Terminal
from reconciler.model.globs import literal

Read = Callable[[str], str | None]
_LARGEST = 1024 * 1024
_LONGEST_CHAIN = 10
_MOST_ALIASES = 200
_MOST_MERGED = 2000
_MOST_STRINGS = 2000
_LONGEST_PATH = 255

_READS_ANYTHING = frozenset(
    ("include-markdown", "gen-files", "macros", "monorepo", "simple-hooks", "markdown-exec")
)
"""Plug-ins whose pages or scripts may read any file of the repository: then every file is an input."""
_INCLUDES = frozenset(("pymdownx.snippets", "markdown_include.include"))
"""Extensions that include files under `base_path`; by their own default from anywhere."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with limits on aliases and merges, and tolerance for tags."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.aliases = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Count aliases: a few hundred bytes of them can mean gigabytes."""
        self.aliases += self.check_event(yaml.AliasEvent)
        if self.aliases > _MOST_ALIASES:
            mark = self.get_mark()
            raise yaml.MarkedYAMLError(problem="too many aliases", problem_mark=mark)
        return super().compose_node(parent, index)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Bound what `<<` brings together."""
        super().flatten_mapping(node)
        if len(node.value) > _MOST_MERGED:
            raise yaml.MarkedYAMLError(problem="too many merged keys", problem_mark=node.start_mark)


def _any_tag(loader: _Loader, _tag: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return node.value or None


def _env(loader: _Loader, node: yaml.Node) -> object:
    """Answer as MkDocs does when no variable is set, which is how Ship builds: the default, or nothing."""
    if isinstance(node, yaml.SequenceNode) and len(node.value) > 1:
        return loader.construct_object(node.value[-1], deep=True)
    return None


def _relative(_loader: _Loader, node: yaml.Node) -> str:
    return str(node.value or "$docs_dir")


_Loader.add_multi_constructor("", _any_tag)
_Loader.add_constructor("!ENV", _env)
_Loader.add_constructor("!relative", _relative)


def derive(config: str, read: Read) -> Sequence[str]:
    """Return the patterns of all inputs, sorted. Raises Terminal (unreadable, a loop, leads out)."""
    config = normpath(config)
    files, document = _chain(config, read)
    docs_dir = document.get("docs_dir") or "docs"
    place = _Place(dirname(config), "")
    docs = place.of(docs_dir)
    if docs is None:
        msg = f"{config}: docs_dir {docs_dir!r} leads out of the repository"
        raise Terminal(msg)
    place = _Place(place.folder, docs)
    found = [*map(literal, files), _tree(docs)]
    found += _named(document, place)
    for name, options in _entries(document.get("plugins")):
        found += _plugin(name.rpartition("/")[2], options, place)
    extensions = [*_entries(document.get("markdown_extensions")), *_entries(document.get("mdx_configs"))]
    for name, options in extensions:
        found += _extension(name, options, place)
    return sorted(set(found))


def _chain(config: str, read: Read) -> tuple[list[str], dict[str, Any]]:
    """Read the configuration and what it inherits; return all paths, and one merged document."""
    files: list[str] = []
    documents: list[dict[str, Any]] = []
    path: str | None = config
    while path is not None:
        if path in files or len(files) == _LONGEST_CHAIN:
            shown = " -> ".join([*files, path])
            msg = f"{files[-1]}: INHERIT runs in a loop or too deep: {shown}"
            raise Terminal(msg)
        documents.append(_document(path, read, files))
        files.append(path)
        path = _parent(path, documents[-1].pop("INHERIT", None))
    merged: dict[str, Any] = {}
    for document in reversed(documents):
        merged = _merged(merged, document)
    return files, merged


def _parent(path: str, inherit: object) -> str | None:
    if inherit is None:
        return None
    parent = _Place(dirname(path), "").of(inherit)
    if parent is None:
        msg = f"{path}: INHERIT {inherit!r} is no path in the repository"
        raise Terminal(msg)
    return parent


def _document(path: str, read: Read, before: Sequence[str]) -> dict[str, Any]:
    text = read(path)
    if text is None:
        by = f", which {before[-1]!r} inherits," if before else ""
        msg = f"docs configuration {path!r}{by} is not in the repository"
        raise Terminal(msg)
    if len(text) > _LARGEST:
        msg = f"{path}:1: is larger than {_LARGEST} characters"
        raise Terminal(msg)
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 -- a subclass of SafeLoader
    except yaml.YAMLError as error:
        raise Terminal(_complaint(path, text, error)) from None
    except (ValueError, RecursionError) as error:  # an impossible date, brackets without end
        what = "is nested too deep" if isinstance(error, RecursionError) else f"cannot be read: {error}"
        msg = f"{path}:1: {what}"
        raise Terminal(msg) from None
    if not isinstance(document, dict | None):
        msg = f"{path}:1: is not a mapping of settings"
        raise Terminal(msg)
    return document or {}


def _complaint(path: str, text: str, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        problem = getattr(error, "problem", None) or "not valid YAML"
        return f"{path}:{mark.line + 1}:{mark.column + 1}: cannot be read: {problem}"
    line = text.count("\n", 0, getattr(error, "position", 0)) + 1
    return f"{path}:{line}: cannot be read: {getattr(error, 'reason', 'not valid YAML')}"


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge as MkDocs does: mappings key by key, anything else is replaced."""
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        result[key] = _merged(below, value) if both else value  # type: ignore[arg-type]  # `both` has told
    return result


@dataclass(frozen=True, slots=True)
class _Place:
    """Where relative paths of a configuration start."""

    folder: str
    docs: str

    def of(self, value: object) -> str | None:
        """Return a path from the repository's root; None: it is none, or leads out of the repository."""
        if not isinstance(value, str) or not value or len(value) > _LONGEST_PATH or "\n" in value:
            return None
        first, _, rest = value.partition("/")
        if first == "$docs_dir":
            path = normpath(join(self.docs, rest))
        else:
            path = normpath(join(self.folder, rest if first == "$config_dir" else value))
        return None if path.startswith(("/", "../")) or path == ".." else path


def _tree(path: str) -> str:
    return "**" if path == "." else literal(path)


def _named(document: Mapping[str, Any], place: _Place) -> Iterator[str]:
    """Yield what well-known settings name: theme overrides, hooks with their neighbours, watched folders."""
    theme = document.get("theme")
    paths = [theme.get("custom_dir") if isinstance(theme, dict) else None, *_list(document.get("watch"))]
    yield from (_tree(path) for path in map(place.of, paths) if path)
    for hook in filter(None, map(place.of, _list(document.get("hooks")))):
        yield literal(hook)
        folder = dirname(hook)  # MkDocs lets a hook import what lies beside it
        yield f"{literal(folder)}/**/*.py" if folder else "*.py"


def _entries(value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield names with options, from a list of names and mappings, or from one mapping."""
    for item in [value] if isinstance(value, dict) else _list(value):
        pairs = item.items() if isinstance(item, dict) else [(item, None)]
        for name, options in pairs:
            yield str(name), options if isinstance(options, dict) else {}


def _plugin(name: str, options: Mapping[str, Any], place: _Place) -> Iterator[str]:
    yield from _mentioned(options, place)
    if name in _READS_ANYTHING:
        yield "**"
    if name == "mkdocstrings":
        handlers = options.get("handlers")
        for language, settings in (handlers if isinstance(handlers, dict) else {"python": {}}).items():
            paths = settings.get("paths") if isinstance(settings, dict) else None
            yield from _sources(str(language), _list(paths), place)


def _sources(language: str, paths: Sequence[object], place: _Place) -> Iterator[str]:
    """Yield the sources that mkdocstrings reads. Its own default for Python is `.`; paths may be globs."""
    if language != "python":
        yield from [_tree(path) for path in map(place.of, paths) if path] or ["**"]
        return
    for path in filter(None, map(place.of, paths or ["."])):
        folder = "" if path == "." else f"{path}/"
        yield from (f"{folder}**/*.py", f"{folder}**/*.pyi")


def _extension(name: str, options: Mapping[str, Any], place: _Place) -> Iterator[str]:
    yield from _mentioned(options, place)
    if name in _READS_ANYTHING:
        yield "**"
    if name in _INCLUDES:
        yield from (_tree(path) for path in map(place.of, _list(options.get("base_path")) or ["."]) if path)


def _mentioned(options: object, place: _Place) -> Iterator[str]:
    """Yield every text in options that may be a path: a pattern that matches nothing does no harm."""
    todo, seen, budget = [options], set[int](), _MOST_STRINGS
    while todo and budget:
        value = todo.pop()
        budget -= 1
        if isinstance(value, dict | list):
            if id(value) not in seen:
                seen.add(id(value))
                todo += value.values() if isinstance(value, dict) else value
        elif (path := place.of(value)) and path != "." and "://" not in str(value):
            yield literal(path)


def _list(value: object) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]
