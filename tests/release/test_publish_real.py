"""Publishing with real Ansible, uv, build, SOPS and age to a real pypiserver on loopback."""

import itertools
import os
import re
import secrets as chance
import threading
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Self
from urllib.parse import quote

import pytest

from reconciler.model.errors import Terminal, Transient
from reconciler.model.record import Result
from reconciler.outside.ansible import MEMORY
from reconciler.settings import RegistrySettings
from tests.world.pypi import USER, pypi
from tests.world.release import Release, action

pytestmark = pytest.mark.real
UNREACHABLE = RegistrySettings(
    enabled=True,
    url="http://127.0.0.1:1/",
    upload_url="http://127.0.0.1:1/",
    settle_s=1,
    build_isolation=False,
)
SDIST, WHEEL = "tidy_csv-1.2.0.tar.gz", "tidy_csv-1.2.0-py2.py3-none-any.whl"


def test_publish_again_and_half(tmp_path: Path) -> None:
    """Publish uploads both files once; again uploads nothing; of a half release only the missing file."""
    release = Release(tmp_path / "fleet")
    password = chance.token_urlsafe(20) + ' "\\#'
    release.encrypt("secrets/pypi.sops.yaml", {"username": USER, "password": password})
    with pypi(tmp_path / "index", password) as index:
        publisher = release.publisher(index.settings)
        first = publisher.execute(action(), release.deed("first"))
        assert first.result is Result.DONE
        assert first.data["uploaded"] == [WHEEL, SDIST]
        assert index.files() == [WHEEL, SDIST]
        again = publisher.execute(action(), release.deed("again"))
        assert (again.result, again.data["uploaded"]) == (Result.UNCHANGED, [])
        assert again.data["files"] == first.data["files"]
        (index.packages / SDIST).unlink()
        half = publisher.execute(action(), release.deed("half"))
        assert half.data["uploaded"] == [SDIST]
        assert [upload["file"] for upload in index.uploads()] == [WHEEL, SDIST, SDIST]
        assert {upload["status"] for upload in index.uploads()} == {200}
        assert first.data["files"] == {each["file"]: each["sha256"] for each in index.uploads()}


@pytest.mark.parametrize(("algorithm", "pages"), [("md5", "html"), ("sha256", "json")])
def test_other_indexes(tmp_path: Path, algorithm: str, pages: str) -> None:
    """An index that shows only MD5, and one that speaks JSON, are understood as well."""
    release = Release(tmp_path / "fleet")
    token = chance.token_urlsafe(20)
    release.encrypt(
        "secrets/pypi.sops.yaml",
        {"pypi": {"username_unencrypted": USER, "token": token}},
        "--unencrypted-suffix",
        "_unencrypted",
    )
    with pypi(tmp_path / "index", token, algorithm=algorithm, pages=pages) as index:
        publisher = release.publisher(index.settings)
        publisher.execute(action(), release.deed("first"))
        (index.packages / WHEEL).unlink()
        half = publisher.execute(action(), release.deed("half"))
        assert half.data["uploaded"] == [WHEEL]
        assert index.files() == [WHEEL, SDIST]


def test_an_index_that_shows_uploads_late(tmp_path: Path) -> None:
    """What does not show within the settle window is no failure for a person: it is looked at again."""
    release = Release(tmp_path / "fleet")
    password = chance.token_urlsafe(20)
    release.encrypt("secrets/pypi.sops.yaml", {"username": USER, "password": password})
    with pypi(tmp_path / "index", password, pages="late") as index:
        publisher = release.publisher(replace(index.settings, settle_s=1))
        with pytest.raises(Transient, match=r"the index does not show .* yet"):
            publisher.execute(action(), release.deed("late"))
        assert index.files() == [WHEEL, SDIST]


def test_refusals(tmp_path: Path) -> None:
    """A wrong password and other bytes are said plainly, need a person, and change nothing."""
    release = Release(tmp_path / "fleet")
    password, wrong = chance.token_urlsafe(20), chance.token_urlsafe(20)
    release.encrypt("secrets/pypi.sops.yaml", {"username": USER, "password": password})
    release.encrypt("secrets/wrong.sops.yaml", {"username": USER, "password": wrong})
    with pypi(tmp_path / "index", password) as index:
        publisher = release.publisher(index.settings)
        with pytest.raises(Terminal, match=r"task 'Upload what is missing'.*40[13]") as refused:
            publisher.execute(action(secrets="secrets/wrong.sops.yaml"), release.deed("wrong"))
        assert wrong not in str(refused.value)
        assert index.files() == []
        with pytest.raises(Terminal, match=r"the checkout builds .*, which is not wheel of tidy-csv 1\.3\.0"):
            publisher.execute(action(version="1.3.0", kinds="wheel"), release.deed("version"))
        (index.packages / WHEEL).write_bytes(b"somebody else's")
        with pytest.raises(Terminal, match=rf"published already with other bytes: {WHEEL}"):
            publisher.execute(action(), release.deed("other"))
        assert index.files() == [WHEEL]
    with pytest.raises(Transient, match=r"task 'Ask the index what is published'.*refused"):
        publisher.execute(action(), release.deed("down"))


class Watch:
    """Looks again and again whether a needle stands where others could read it."""

    def __init__(self, needles: Iterable[str], folders: Iterable[Path]) -> None:
        self.needles = [needle.encode() for needle in needles]
        self.folders = [*folders]
        self.found: set[str] = set()
        self.seen: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._files(self.folders)

    def _run(self) -> None:
        for turn in itertools.count():
            if self._stop.wait(0.01):
                return
            for folder in Path("/proc").glob("[0-9]*"):
                command = self._look(folder / "cmdline").replace(b"\0", b" ").decode(errors="replace")
                self.seen.update(re.findall(r"uv publish|ansible playbook|-m build|sops decrypt", command))
                self._look(folder / "environ")
            if turn % 10 == 0:  # programs come and go more quickly than files
                self._files(self.folders)

    def _files(self, folders: Iterable[Path]) -> None:
        for folder in folders:
            for place, _, names in os.walk(folder):
                for path in (Path(place, name) for name in names):
                    if path.is_file() and not path.is_symlink():
                        self._look(path)

    def _look(self, path: Path) -> bytes:
        try:
            content = path.read_bytes()
        except OSError:
            return b""
        if any(needle in content for needle in self.needles):
            self.found.add(str(path))
        return content


def test_no_secret_leaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 50 secrets none stands in a process list, an environment, a file, a note or a message."""
    (tmp_path / "temp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temp"))
    release = Release(tmp_path / "fleet")
    mark = chance.token_hex(6)  # 12 letters that begin every secret: one needle finds them all
    secrets = [f"{mark}{chance.token_urlsafe(12)}" for _ in range(50)]
    values = {f"other{place}": value for place, value in enumerate(secrets[2:])}
    release.encrypt("secrets/pypi.sops.yaml", {"username": secrets[0], "password": secrets[1], **values})
    encoded = [b64encode(b"x" * before + mark.encode()).decode()[4:15] for before in (0, 1, 2)]
    said: list[str] = []
    with pypi(tmp_path / "index", "another", pages="slow") as index:
        deed = replace(release.deed("leak"), say=said.append)
        publisher = release.publisher(index.settings)
        watch = Watch([mark, *encoded], [release.root, tmp_path / "temp", MEMORY])
        with watch, pytest.raises(Terminal, match=r"40[13]") as failed:
            publisher.execute(action(), deed)
    assert watch.found == set()
    assert watch.seen >= {"ansible playbook", "-m build", "uv publish"}
    told = " ".join([str(failed.value), *said, *(str(call) for call in release.notes.calls)])
    assert mark not in told
    printed = [f for s in secrets for f in (s, b64encode(s.encode()).decode(), quote(s), "\n".join(s))]
    assert not [form for form in printed if release.redactor.clean(form).strip("=") != "***"]


def test_templates_run_nothing(tmp_path: Path) -> None:
    """A version that is a template is text: it is refused, and nothing in it is run."""
    release = Release(tmp_path / "fleet")
    release.encrypt("secrets/pypi.sops.yaml", {"token": chance.token_urlsafe(20)})
    evil = "{{ lookup('pipe', 'touch " + str(tmp_path / "owned") + "') }}"
    with pytest.raises(Terminal, match=r"task 'Look at what was asked for'"):
        release.publisher(UNREACHABLE).execute(action(version=evil, tag=evil), release.deed("evil"))
    assert not (tmp_path / "owned").exists()
