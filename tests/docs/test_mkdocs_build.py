"""The door to MkDocs against the real tool: strict, repeatable, and blind to what is not in the checkout."""

import sys
from pathlib import Path

import pytest

from reconciler.model.errors import Terminal, Transient
from reconciler.model.redact import Redactor
from reconciler.outside.mkdocs import MkDocs
from reconciler.outside.process import Processes
from reconciler.ports import Site
from tests.world.folders import fingerprint
from tests.world.notes import Notes, Still, deed

EPOCH = 1_700_000_000


def door(audit: Notes | None = None, *, timeout_s: float = 60.0, path: list[str] | None = None) -> MkDocs:
    """Open the door; its redactor knows one word."""
    redactor = Redactor()
    redactor.learn("hush-hush")
    processes = Processes(audit or Notes(), Still(), redactor)
    return MkDocs(processes, redactor, timeout_s=timeout_s, path=path)


def lay(root: Path, files: dict[str, str]) -> Site:
    """Write a checkout."""
    for name, text in {"mkdocs.yml": "site_name: x\n", "docs/index.md": "# Hello\n", **files}.items():
        (root / "co" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "co" / name).write_text(text)
    (root / "deed").mkdir(exist_ok=True)
    return Site(root / "co", "mkdocs.yml", root / "site", EPOCH)


def built(root: Path, files: dict[str, str] | None = None) -> dict[str, bytes]:
    """Build; return the site."""
    site = lay(root, files or {})
    door().build(site, deed(root / "deed"))
    return {
        str(path.relative_to(site.folder)): path.read_bytes()
        for path in site.folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.real
def test_two_builds_are_the_same_to_the_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At another place, with other variables around: the time is the commit's, in archives too."""
    config = {"mkdocs.yml": "site_name: x\nsite_url: https://x.example/\n"}
    first = built(tmp_path / "one", config)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    assert built(tmp_path / "two", config) == first
    assert b"2023-11-14" in first["sitemap.xml"]


@pytest.mark.parametrize("target", ["/etc/hostname", "../../../keys", "../../../..", "nowhere/../../../../x"])
def test_a_link_that_leads_out_is_refused(tmp_path: Path, target: str) -> None:
    """A page that is a link to a file of ours, such as a key, is not published."""
    site = lay(tmp_path, {"docs/deep/page.md": "x"})
    (tmp_path / "keys").write_text("hush-hush")
    (site.checkout / "docs/inner.md").symlink_to("index.md")
    (site.checkout / "docs/deep/out.md").symlink_to(target)
    with pytest.raises(Terminal, match=r"^'docs/deep/out.md' is a link that leads out of the repository$"):
        door().build(site, deed(tmp_path / "deed"))
    assert not site.folder.exists()


FAILURES: dict[str, tuple[dict[str, str], str]] = {
    "broken link": ({"docs/index.md": "[a](nowhere.md)"}, "'nowhere.md', but the target is not found"),
    "unknown theme": ({"mkdocs.yml": "site_name: x\ntheme: no-such"}, "theme"),
    "unknown plug-in": ({"mkdocs.yml": "site_name: x\nplugins: [no-such]"}, "no-such"),
    "no site_name": ({"mkdocs.yml": "docs_dir: docs"}, "site_name"),
    "hook that fails": ({"mkdocs.yml": "site_name: x\nhooks: [h.py]", "h.py": "1 / 0"}, "ZeroDivisionError"),
    "hook that says a secret": (
        {"mkdocs.yml": "site_name: x\nhooks: [h.py]", "h.py": "raise ValueError('hush-hush')"},
        "ValueError: ***",
    ),
    "hook that ends silently": (
        {"mkdocs.yml": "site_name: x\nhooks: [h.py]", "h.py": "exit(7)"},
        "exit code 7",
    ),
    "docs of this machine": ({"mkdocs.yml": "site_name: x\ndocs_dir: /etc"}, "leads out of the repository"),
    "configuration in a loop": ({"mkdocs.yml": "INHERIT: mkdocs.yml"}, "INHERIT runs in a loop"),
    "inherits what is not there": (
        {"mkdocs.yml": "INHERIT: nowhere.yml"},
        "'nowhere.yml', which 'mkdocs.yml'",
    ),
}


@pytest.mark.real
@pytest.mark.parametrize(("files", "says"), FAILURES.values(), ids=FAILURES)
def test_a_build_that_fails_needs_a_person(tmp_path: Path, files: dict[str, str], says: str) -> None:
    """The first complaints in one line, without folders of this machine or secrets."""
    site = lay(tmp_path, files)
    with pytest.raises(Terminal) as complaint:
        door().build(site, deed(tmp_path / "deed"))
    text = str(complaint.value)
    assert says in text
    assert "\n" not in text
    assert str(tmp_path) not in text


def test_a_configuration_that_links_to_this_machine_is_refused(tmp_path: Path) -> None:
    """What is inherited must lie in the repository too."""
    site = lay(tmp_path, {"mkdocs.yml": "INHERIT: link.yml"})
    (site.checkout / "link.yml").symlink_to("/etc/passwd")
    with pytest.raises(Terminal, match=r"'link\.yml' is a link that leads out of the repository"):
        door().build(site, deed(tmp_path / "deed"))


@pytest.mark.parametrize("config", ["nowhere.yml", "../x.yml", "/etc/passwd", "docs", "out.yml"])
def test_only_a_configuration_of_the_checkout_is_used(tmp_path: Path, config: str) -> None:
    """No other file, folder, or link out of it."""
    site = lay(tmp_path, {})
    (tmp_path / "x.yml").write_text("site_name: x")
    (site.checkout / "out.yml").symlink_to(tmp_path / "x.yml")
    with pytest.raises(Terminal, match="is not in the repository"):
        door().build(Site(site.checkout, config, site.folder, EPOCH), deed(tmp_path / "deed"))
    assert not site.folder.exists()


@pytest.mark.real
def test_the_build_sees_no_variable_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook finds no token, and not the user's home; a module in the checkout is not taken for a library."""
    monkeypatch.setenv("GITHUB_TOKEN", "hush-hush")
    hook = "import os\ndef on_page_markdown(text, **_):\n    return repr(sorted(os.environ.items()))\n"
    files = {"mkdocs.yml": "site_name: x\nhooks: [h.py]", "h.py": hook, "yaml.py": "raise SystemExit(9)"}
    site = built(tmp_path, files)
    assert b"hush" not in site["index.html"]
    assert str(tmp_path / "deed" / "home").encode() in site["index.html"]


@pytest.mark.real
def test_a_configuration_in_a_folder_is_built_there(tmp_path: Path) -> None:
    """Relative paths of extensions start where MkDocs is usually started: beside the configuration."""
    site = lay(tmp_path, {"www/mkdocs.yml": "site_name: deep", "www/docs/index.md": "# Deep"})
    before = fingerprint(site.checkout)
    audit = Notes()
    nested = Site(site.checkout, "www/mkdocs.yml", site.folder, EPOCH)
    door(audit).build(nested, deed(tmp_path / "deed"))
    assert b"Deep" in (site.folder / "index.html").read_bytes()
    assert fingerprint(site.checkout) == before
    assert [(call.tool, call.result, call.target) for call in audit.calls] == [
        ("mkdocs", "exit 0", "www/mkdocs.yml")
    ]


@pytest.mark.real
def test_a_build_that_hangs_may_be_tried_again(tmp_path: Path) -> None:
    """Its time is limited."""
    hook = "import time\ndef on_startup(**_):\n    time.sleep(60)\n"
    site = lay(tmp_path, {"mkdocs.yml": "site_name: x\nhooks: [h.py]", "h.py": hook})
    with pytest.raises(Transient):
        door(timeout_s=1.0).build(site, deed(tmp_path / "deed"))


def install(folder: Path, name: str, entry_points: str | None = None) -> None:
    """Write what an installed distribution leaves."""
    (folder / name).mkdir(parents=True)
    if entry_points is not None:
        (folder / name / "entry_points.txt").write_text(entry_points)


def test_the_fingerprint_follows_what_shows_in_a_site(tmp_path: Path) -> None:
    """MkDocs, plug-ins, themes, extensions, mkdocstrings' parts count; other libraries do not."""
    first, second = tmp_path / "first", tmp_path / "second"
    install(first, "mkdocs-1.6.1.dist-info")
    path = ["", str(first), str(second), str(tmp_path / "nowhere")]
    prints = [door(path=path).fingerprint()]
    for name, entry_points in (
        ("mkdocs_x-1.0.dist-info", "[mkdocs.plugins]\nx = x\n"),
        ("theme_x-1.0.dist-info", "[console_scripts]\n[mkdocs.themes]\nx = x\n"),
        ("words-1.0.egg-info", "[markdown.extensions]\nx = x\n"),
        ("mkdocstrings_python-2.0.dist-info", None),
        ("Jinja2-3.0.dist-info", None),
    ):
        install(second, name, entry_points)
        prints.append(door(path=path).fingerprint())
    assert len(set(prints)) == 6
    install(second, "httpx-1.0.dist-info", "[console_scripts]\nx = x\n")
    install(second, "mkdocs-1.0.dist-info")
    install(second, "mkdocs-bin")
    assert door(path=path).fingerprint() == prints[-1]


def test_without_mkdocs_a_person_must_act(tmp_path: Path) -> None:
    """The extra to install is named."""
    with pytest.raises(Terminal, match="install the extra 'docs'"):
        door(path=[str(tmp_path)]).fingerprint()


def test_the_tools_of_this_installation_have_a_fingerprint() -> None:
    """It is stable, and patterns are derived without starting anything."""
    assert door().fingerprint() == door(path=sys.path).fingerprint()
    assert "pages" in door().patterns("mkdocs.yml", {"mkdocs.yml": "docs_dir: pages"}.get)
