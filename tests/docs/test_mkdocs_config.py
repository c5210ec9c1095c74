"""What a MkDocs configuration says a site is built from, whoever wrote it."""

from collections.abc import Mapping

import pytest

from reconciler.model.errors import Terminal
from reconciler.model.globs import matcher
from reconciler.outside.mkdocs_config import derive

CASES: dict[str, tuple[str, list[str], list[str]]] = {
    "defaults": ("site_name: x", ["mkdocs.yml", "docs/a/b.md"], ["README.md", "src/a.py", "x/mkdocs.yml"]),
    "empty": ("", ["docs/a.md"], ["README.md"]),
    "docs_dir": ("docs_dir: pages", ["pages/a.md"], ["docs/a.md"]),
    "docs_dir is the root": ("docs_dir: .", ["a", "x/y"], []),
    "theme by name": ("theme: material", ["docs/a"], ["material/x"]),
    "theme overrides": ("theme: {name: x, custom_dir: over}", ["over/main.html"], ["x"]),
    "hooks and what lies beside them": (
        "hooks: [tools/hook.py]",
        ["tools/hook.py", "tools/other.py", "tools/deep/er.py"],
        ["tools/data.txt", "other.py"],
    ),
    "hook in the root": ("hooks: [hook.py]", ["hook.py", "other.py"], ["src/a.py"]),
    "watched": ("watch: [lib, data.yml]", ["lib/a", "data.yml"], ["libx"]),
    "mkdocstrings default": ("plugins: [mkdocstrings]", ["src/p/a.py", "a.pyi"], ["src/p/a.c", "README.md"]),
    "mkdocstrings without handlers": ("plugins: [{mkdocstrings: {enabled: true}}]", ["src/a.py"], ["a.c"]),
    "mkdocstrings paths": (
        "plugins:\n- mkdocstrings:\n    handlers:\n      python:\n        paths: [src, 'pk/*/lib']",
        ["src/p/a.py", "pk/x/lib/a.py"],
        ["a.py", "tests/a.py", "pk/lib/a.py"],
    ),
    "mkdocstrings handler bare": ("plugins: {mkdocstrings: {handlers: {python: }}}", ["x/a.py"], ["a.c"]),
    "other handler": ("plugins: {mkdocstrings: {handlers: {c: {paths: [inc]}}}}", ["inc/a.h"], ["a.h"]),
    "other handler bare": ("plugins: {mkdocstrings: {handlers: {c: {}}}}", ["a.h"], []),
    "namespaced plug-in": ("plugins: [material/macros]", ["anything"], []),
    "snippets default": ("markdown_extensions: [pymdownx.snippets]", ["anything/else"], []),
    "snippets from a folder": (
        "markdown_extensions:\n- pymdownx.snippets:\n    base_path: [includes, $docs_dir/x]",
        ["includes/a.txt", "docs/x/a"],
        ["README.md"],
    ),
    "snippets from one folder": (
        "markdown_extensions:\n- pymdownx.snippets: {base_path: includes}",
        ["includes/a.txt"],
        ["README.md"],
    ),
    "snippets relative": (
        "markdown_extensions:\n- pymdownx.snippets:\n    base_path: [!relative $config_dir/inc, !relative ]",
        ["inc/a", "docs/a"],
        ["README.md"],
    ),
    "an extension that runs code": ("markdown_extensions: [markdown-exec]", ["x"], []),
    "legacy options": (
        "markdown_extensions: [toc]\nmdx_configs: {x: {file: data/words.txt}}",
        ["data/words.txt"],
        [],
    ),
    "whatever an option names": (
        "plugins: [search, {redirects: {maps: [{file: maps/a.yml}], more: [1, maps/b]}}]",
        ["maps/a.yml", "maps/b/c"],
        ["maps/c"],
    ),
    "addresses, roots and ways out are no inputs": (
        "plugins: [{x: {a: 'https://e.example/b', b: /etc/passwd, c: ../up, d: ., e: 'x\n\n  y', f: ''}}]",
        ["docs/a"],
        ["etc/passwd", "up", "b", "README.md"],
    ),
    "names with stars are taken literally": ("plugins: [{x: {a: 'q*'}}]", ["q*"], ["qq"]),
    "ENV without default": ("docs_dir: !ENV NOWHERE", ["docs/a"], []),
    "ENV with default": ("docs_dir: !ENV [NOWHERE, pages]", ["pages/a"], ["docs/a"]),
    "ENV of one": ("docs_dir: !ENV [NOWHERE]", ["docs/a"], []),
    "python names": (
        "plugins:\n- x: {a: !!python/name:a.b , b: !!python/object:a.b {f: data/x}, c: !z [data/y]}",
        ["data/x", "data/y"],
        [],
    ),
    "contains itself": ("plugins: [{x: {o: &a [inc/a, *a]}}]", ["inc/a"], []),
    "nothing where lists are": ("plugins:\nmarkdown_extensions:\nhooks:\nwatch:", ["docs/a"], ["a"]),
}


@pytest.mark.parametrize(("text", "hits", "misses"), CASES.values(), ids=CASES)
def test_inputs_of_a_configuration(text: str, hits: list[str], misses: list[str]) -> None:
    """What is named, and what MkDocs and its usual plug-ins take by default; no more."""
    matches = matcher(derive("mkdocs.yml", {"mkdocs.yml": text}.get))
    assert ([path for path in hits if not matches(path)], [path for path in misses if matches(path)]) == (
        [],
        [],
    )


def test_a_configuration_in_a_folder_starts_its_paths_there() -> None:
    """All paths are relative to the configuration, and may climb up to the repository's root."""
    text = "docs_dir: ../pages\nhooks: [h/x.py]\ntheme: {custom_dir: ../..}"
    matches = matcher(derive("./site/mkdocs.yml", {"site/mkdocs.yml": text}.get))
    assert [path for path in ("pages/a", "site/h/y.py", "site/docs/a", "h/x.py") if matches(path)] == [
        "pages/a",
        "site/h/y.py",
    ]


def test_inherited_settings_count() -> None:
    """A parent's files and settings are inputs; mappings merge, lists are replaced."""
    files = {
        "conf/mkdocs.yml": "INHERIT: ../base/base.yml\nhooks: [mine.py]\ntheme: {name: x}",
        "base/base.yml": "INHERIT: root.yml\nhooks: [theirs.py]\ntheme: {custom_dir: over}",
        "base/root.yml": "docs_dir: pages\ntheme: y",
    }
    assert derive("conf/mkdocs.yml", files.get) == sorted(
        [*files, "conf/pages", "conf/over", "conf/mine.py", "conf/**/*.py"]
    )


BOMB = "a: &a {x: 1}\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} {{" + ", ".join(f"k{n}{i}: *{chr(97 + n)}" for i in range(9)) + "}\n"
    for n in range(24)
)
MERGE = "a: &a {" + ", ".join(f"k{i}: 1" for i in range(150)) + "}\nb: {<<: [" + "*a, " * 20 + "*a]}"
BROKEN: dict[str, tuple[Mapping[str, str], str]] = {
    "absent": ({}, "'mkdocs.yml' is not in the repository"),
    "parent absent": ({"mkdocs.yml": "INHERIT: base.yml"}, "'base.yml', which 'mkdocs.yml' inherits,"),
    "inherits itself": ({"mkdocs.yml": "INHERIT: mkdocs.yml"}, "loop or too deep: mkdocs.yml -> mkdocs.yml"),
    "inherits in a loop": (
        {"mkdocs.yml": "INHERIT: b", "b": "INHERIT: ./mkdocs.yml"},
        "mkdocs.yml -> b -> mkdocs",
    ),
    "endless chain": (
        {"mkdocs.yml": "INHERIT: n1"} | {f"n{i}": f"INHERIT: n{i + 1}" for i in range(20)},
        "deep",
    ),
    "inherits from outside": ({"mkdocs.yml": "INHERIT: ../x.yml"}, "'../x.yml' is no path in the repository"),
    "inherits no path": ({"mkdocs.yml": "INHERIT: [a]"}, "is no path"),
    "docs outside": ({"mkdocs.yml": "docs_dir: ../.."}, "'../..' leads out"),
    "docs at the machine's root": ({"mkdocs.yml": "docs_dir: /etc"}, "'/etc' leads out"),
    "docs_dir is a list": ({"mkdocs.yml": "docs_dir: [a]"}, "leads out"),
    "not YAML": ({"mkdocs.yml": "a: 1\nb: [\n"}, "mkdocs.yml:3:1: cannot be read"),
    "parent not YAML": ({"mkdocs.yml": "INHERIT: b", "b": "x\n\n: ]"}, "b:3:"),
    "control character": ({"mkdocs.yml": "a: 1\nb: \x00"}, "mkdocs.yml:2: cannot be read"),
    "a list": ({"mkdocs.yml": "[a]"}, "mkdocs.yml:1: is not a mapping"),
    "impossible date": ({"mkdocs.yml": "a: 2026-13-45"}, "mkdocs.yml:1: cannot be read: month"),
    "alias bomb": ({"mkdocs.yml": BOMB}, "too many aliases"),
    "merge bomb": ({"mkdocs.yml": MERGE}, "too many merged keys"),
    "too deep": ({"mkdocs.yml": "[" * 5000}, "mkdocs.yml:1: is nested too deep"),
    "too large": ({"mkdocs.yml": "#" * 1024 * 1024 + "x"}, "is larger than"),
    "unhashable key": (
        {"mkdocs.yml": "a: 1\n? [x]\n: 2"},
        "mkdocs.yml:2:3: cannot be read: found unhashable",
    ),
}


@pytest.mark.parametrize(("files", "says"), BROKEN.values(), ids=BROKEN)
def test_a_broken_configuration_is_named_by_file_and_line(files: Mapping[str, str], says: str) -> None:
    """One line, never a traceback, whatever somebody wrote."""
    with pytest.raises(Terminal) as complaint:
        derive("mkdocs.yml", files.get)
    assert says in str(complaint.value)
    assert "\n" not in str(complaint.value)


def test_many_strings_are_bounded() -> None:
    """Options of any size are looked through up to a limit."""
    text = "plugins: [{x: [" + ", ".join(f"f{number}" for number in range(5000)) + "]}]"
    assert len(derive("mkdocs.yml", {"mkdocs.yml": text}.get)) < 2100
