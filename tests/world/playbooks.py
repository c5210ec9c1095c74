"""The pretend Ansible: builds deterministic files and uploads what the registry does not show."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from reconciler.model.errors import ShipError, Transient
from reconciler.ports import Deed, Play, PlayResult
from tests.world.doors import parcels
from tests.world.state import Orphan, Upload
from tests.world.wire import Crash, Wire


class PretendPlaybooks:
    """Implements `ports.Playbooks`. `outlives_s`: how long a play goes on after its run was killed."""

    def __init__(self, wire: Wire, folder: Path, outlives_s: float | None = None) -> None:
        self._wire, self._folder, self._outlives_s = wire, folder, outlives_s

    def path(self, playbook: str) -> Path:
        """Return where it is."""
        path = self._folder / playbook
        if not path.exists():
            path.write_text("- hosts: localhost\n", encoding="utf-8")
        return path

    def run(self, play: Play, deed: Deed) -> PlayResult:
        """Run the play; one whose run is killed goes on for a while when it is to outlive it."""
        landed: list[Upload] = []
        try:
            return self._wire.write("playbooks.run", lambda: self._run(play, landed))
        except Crash:
            if self._outlives_s is not None:
                due = self._wire.state.now + self._outlives_s
                rest = tuple(one for one in self._missing(play) if one.file not in {up.file for up in landed})
                self._wire.state.orphans.append(Orphan(due, deed.key, rest))
            raise

    def _run(self, play: Play, landed: list[Upload]) -> PlayResult:
        """Upload what is missing and wait until it shows, as `publish-pypi.yml` does."""
        missing = self._missing(play)
        for upload in missing:
            try:
                taken = self._wire.write("registry.upload", partial(self._upload, upload, landed))
            except ShipError as error:
                passing = isinstance(error, Transient)
                return PlayResult(ok=False, outputs={}, failure=f"upload: {error}", transient=passing)
            if not taken:
                return PlayResult(ok=False, outputs={}, failure=f"upload: {upload.file} exists already")
        for _ in range(int(play.variables["visible_retries"])):
            if not self._missing(play):
                return PlayResult(ok=True, outputs={"publish": self._report(play, missing)}, failure=None)
            self._wire.state.advance(2.0)
        return PlayResult(ok=False, outputs={}, failure="the index does not show it", transient=True)

    def _report(self, play: Play, uploaded: list[Upload]) -> Mapping[str, object]:
        files = {one.file: one.sha256 for one in self._built(play)}
        return {"files": files, "uploaded": [one.file for one in uploaded]}

    def _upload(self, upload: Upload, landed: list[Upload]) -> bool:
        landed.append(upload)
        return self._wire.state.take(replace(upload, at=self._wire.state.now))

    def _missing(self, play: Play) -> list[Upload]:
        state, package = self._wire.state, str(play.variables["package"])
        shown = state.shown(package, state.now).get(str(play.variables["version"]), {})
        return [one for one in self._built(play) if one.file not in shown]

    def _built(self, play: Play) -> tuple[Upload, ...]:
        variables, now = play.variables, self._wire.state.now
        source = Path(variables["source_dir"])
        files = {
            str(path.relative_to(source)): path.read_bytes() for path in source.rglob("*") if path.is_file()
        }
        every = parcels(str(variables["package"]), str(variables["version"]), files, now)
        return tuple(
            one for kind, one in zip(("sdist", "wheel"), every, strict=True) if kind in variables["kinds"]
        )
