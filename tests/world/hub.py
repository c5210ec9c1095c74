"""A local forge in this process behind Ship's own GitHub door, every call held to GitHub's contract."""

from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from reconciler.localforge.app import Application
from reconciler.localforge.forge import forge
from reconciler.model.redact import Redactor
from reconciler.model.secret import Secret
from reconciler.outside.github import Access, GitHub
from reconciler.outside.http import Http, wsgi
from reconciler.ports import Clock
from tests.contracts.openapi import ContractTransport
from tests.world.bare import Bare
from tests.world.notes import Notes, Still

BASE = "http://forge"


class Hub:
    """Bare repositories under one folder, and the door to them."""

    def __init__(self, folder: Path) -> None:
        """Start without any repository."""
        self.folder = folder
        self.clock: Clock = Still()
        self.notes = Notes()
        self.repositories: dict[tuple[str, str], Path] = {}
        self.transport: ContractTransport | None = None

    def add(self, owner: str, name: str, files: Mapping[str, bytes | str] | None = None) -> Bare:
        """Make `owner/name.git`, with one commit on main unless `files` is None."""
        bare = Bare(self.folder / owner / f"{name}.git")
        self.repositories[owner, name] = bare.folder
        if files is not None:
            bare.commit(files)
        return bare

    @property
    def app(self) -> Application:
        """The forge over what was added so far."""
        return forge(self.repositories, self.clock)

    def wire(self) -> httpx.BaseTransport:
        """Reach the forge, under contract."""
        self.transport = ContractTransport(wsgi(lambda: self.app)())
        return self.transport

    def http(self, wire: Callable[[], httpx.BaseTransport] | None = None) -> Http:
        """Open the HTTP door."""
        return Http(self.notes, self.clock, Redactor(), wire=wire or self.wire)

    def github(
        self, wire: Callable[[], httpx.BaseTransport] | None = None, token: Secret | None = None
    ) -> GitHub:
        """Open the GitHub door."""
        return GitHub(self.http(wire), Access(BASE, token))

    def client(self) -> httpx.Client:
        """Return a plain client of the forge, under contract, that names the API version."""
        return httpx.Client(
            transport=self.wire(), base_url=BASE, headers={"x-github-api-version": "2022-11-28"}
        )
