"""Publishing with real Ansible, uv, build, SOPS and age to a real pypiserver on loopback."""

import secrets as chance
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.model.errors import Terminal, Transient
from reconciler.model.record import Result
from tests.world.pypi import USER, pypi
from tests.world.release import Release, Written, action

pytestmark = pytest.mark.real
SDIST, WHEEL = "tidy_csv-1.2.0.tar.gz", "tidy_csv-1.2.0-py2.py3-none-any.whl"


@pytest.mark.parametrize(("algorithm", "pages"), [("sha256", "html"), ("md5", "html"), ("sha256", "json")])
def test_publish_again_and_half(tmp_path: Path, algorithm: str, pages: str) -> None:
    """Publish uploads both files once; again uploads nothing; of a half release only the missing file."""
    release = Release(tmp_path / "fleet")
    password = chance.token_urlsafe(20) + ' "\\#'
    release.encrypt("secrets/pypi.sops.yaml", {"username": USER, "password": password})
    with pypi(tmp_path / "index", password, algorithm=algorithm, pages=pages) as index:
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
        publisher.execute(action(kinds="wheel"), release.deed("wheel"))
        assert index.files() == [WHEEL]
        other = replace(publisher, git=Written("1.2.0", "print('other')"))
        with pytest.raises(Terminal, match=rf"published already with other bytes: {WHEEL}"):
            other.execute(action(), release.deed("other"))
        assert index.files() == [WHEEL]
        with pytest.raises(Terminal, match=r"the checkout builds .*, which is not wheel of tidy-csv 1\.3\.0"):
            publisher.execute(action(version="1.3.0", kinds="wheel"), release.deed("version"))
    with pytest.raises(Transient, match=r"task 'Ask the index what is published'.*refused"):
        publisher.execute(action(), release.deed("down"))
