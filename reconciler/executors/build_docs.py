"""Builds a product's documentation from one commit and publishes it on the docs branch: kind `docs.build`."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from reconciler.model.canonical import digest
from reconciler.model.errors import ShipError, Terminal
from reconciler.model.plan import Action, Repeat
from reconciler.model.record import Outcome, Result
from reconciler.ports import Checkout, Deed, DocsBuilder, Git, Site, Tip

KIND = "docs.build"
RECORD = ".ship-docs.json"
SCHEMA = "ship/docs/v1"
NO_JEKYLL = ".nojekyll"
"""Tells GitHub Pages to serve the files as they are."""
SETTLE_S = 2.0
"""A pushed branch shows at once; this is for replicas."""


class BuildDocs:
    """Checks out, builds, records what it was built from, pushes; a branch that moved refuses the push."""

    kind = KIND
    repeat: Repeat = "rejected"
    sees = frozenset({"github", "docs"})
    settle_s = SETTLE_S

    def __init__(self, git: Git, builders: Mapping[str, DocsBuilder]) -> None:
        self._git = git
        self._builders = builders

    def fingerprint(self, action: Action) -> str:
        """Digest the builder's versions: a new builder unparks. Never raises."""
        try:
            return digest(self._builder(action).fingerprint())
        except ShipError as error:
            return digest(["unknown", str(error)])

    def execute(self, action: Action, deed: Deed) -> Outcome:
        """Publish the site of the commit; unchanged when the branch holds the same tree already."""
        params = action.params
        builder = self._builder(action)
        commit, parent = params["commit"], params["parent"] or None
        checkout, site = deed.folder / "checkout", deed.folder / "site"
        deed.say(f"fetching {params['branch']} at {commit[:12]}")
        ref = f"refs/heads/{params['branch']}"
        epoch = self._git.checkout(Checkout(params["clone_url"], ref, commit, checkout), deed)
        deed.say(f"building {params['config']} with {builder.name}")
        builder.build(Site(checkout, params["config"], site, epoch), deed)
        _record(site, params)
        deed.say(f"publishing on {params['docs_branch']}")
        tip = Tip(params["clone_url"], params["docs_branch"], site, parent, _message(params), epoch)
        pushed = self._git.push(tip, deed)
        data = {"commit": pushed, "sourceCommit": commit, "inputs": params["inputs"]}
        if pushed == parent:
            return Outcome(Result.UNCHANGED, f"branch {tip.branch!r} holds this site already", data=data)
        return Outcome(Result.DONE, f"branch {tip.branch!r} is at {pushed[:12]}", data=data)

    def _builder(self, action: Action) -> DocsBuilder:
        name = action.params["builder"]
        if name not in self._builders:
            msg = f"docs builder {name!r} is not known"
            raise Terminal(msg)
        return self._builders[name]


def _record(site: Path, params: Mapping[str, str]) -> None:
    """Write the record over whatever the build left there: only Ship says what a site is built from."""
    content = {
        "schema": SCHEMA,
        "inputs": params["inputs"],
        "sourceCommit": params["commit"],
        "builder": params["builder"],
    }
    _put(site / RECORD, json.dumps(content, indent=2, sort_keys=True) + "\n")
    _put(site / NO_JEKYLL, "")


def _put(path: Path, text: str) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")


def _message(params: Mapping[str, str]) -> str:
    return (
        f"docs: build of {params['commit'][:12]}\n\n"
        f"Ship-Source-Commit: {params['commit']}\n"
        f"Ship-Docs-Inputs: {params['inputs']}\n"
        f"Ship-Docs-Builder: {params['builder']}\n"
    )
