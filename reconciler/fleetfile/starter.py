"""The files that `ship init` writes: a commented starter fleet."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from reconciler.fleetfile import base, merge, schemas, source
from reconciler.fleetfile.base import Base
from reconciler.model import patterns
from reconciler.model.fleet import Limits

SCHEMAS = ".codemonkeys/schemas"
IGNORED = ".codemonkeys/state/"


def _flat(text: str) -> str:
    return dedent(text).lstrip("\n")


FLEET = _flat("""
    # yaml-language-server: $schema=../.codemonkeys/schemas/fleet.schema.json
    # What holds for all products. `ship explain` and a product shows what becomes of it.
    apiVersion: ship/v1
    kind: Fleet
    metadata:
      name: NAME
    spec:
      defaults:                        # laid under every product, the later ones over the earlier ones
        - spec:
            branch: main
            # security: {failOn: high}
        # - match: {language: python}  # only for the products that carry this label
        #   spec:
        #     docs: {builder: mkdocs, branch: gh-pages}
      # enforced: [security.failOn]    # keys of the defaults that a product may make stricter, never weaker
      brake: {share: 0.3, fromProducts: 10}   # more products changed by one plan need --force
      budgets: {attempts: 5}           # failed attempts until an action waits for a person
      # freeze:
      #   windows:
      #     - {name: weekend, days: [sat, sun], timezone: UTC}
    """)
PRODUCT = _flat("""
    # yaml-language-server: $schema=../../.codemonkeys/schemas/product.schema.json
    # One product a file; the file's name is the product's. What is not declared can never drift.
    apiVersion: ship/v1
    kind: Product
    metadata:
      name: NAME
      labels: {language: python}
    spec:
      repo: REPO
      branch: main
      # policy: {allow: [observe]}     # look only
      # docs: {builder: mkdocs, config: mkdocs.yml, branch: gh-pages}
      # release:
      #   version: tags                # the newest SemVer tag of the branch
      #   targets:
      #     - {registry: pypi, package: NAME, secrets: secrets/pypi.sops.yaml}
    """)
CONFIG = _flat("""
    # yaml-language-server: $schema=schemas/config.schema.json
    # How this installation reaches the world. Secrets stand here only by the name of their variable.
    ship:
      github:
        token_env: GITHUB_TOKEN
      ansible:
        playbook_dir: ./playbooks
        inventory: ./inventory.yml
      secrets:
        sops_age_key: ~/.config/sops/age/keys.txt
      registries:
        crates_io: true
        docker_hub: true
        pypi: true
    """)
GITIGNORE = f"# Ship's own record of this machine\n{IGNORED}\n"


def files(folder: str, product: str | None, repo: str | None) -> dict[str, str]:
    """Return the files of a starter fleet: path to text."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")[:60]
    wanted = {
        base.FILE: FLEET.replace("NAME", name if patterns.fits(patterns.NAME, name) else "fleet"),
        ".codemonkeys/config.yaml": CONFIG,
        ".gitignore": GITIGNORE,
    }
    if product and repo:
        wanted[f"fleet/products/{product}.yaml"] = PRODUCT.replace("NAME", product).replace("REPO", repo)
    else:
        example = PRODUCT.replace("NAME", "example").replace("REPO", "github:owner/example")
        wanted["fleet/products/example.yaml.sample"] = example
    return wanted | {f"{SCHEMAS}/{schemas.file(kind)}": schemas.text(kind) for kind in schemas.KINDS}


def problem(root: Path, wanted: Mapping[str, str]) -> str | None:
    """Say why the files cannot be written: one is there, or the product would be invalid."""
    there = [file for file in wanted if file != ".gitignore" and os.path.lexists(root / file)]
    if there:
        return f"there already: {', '.join(there)}"
    for file, text in wanted.items():
        if file.startswith("fleet/products/") and file.endswith(".yaml"):
            found = merge.merge(source.read(text.encode(), file, None), Base("", (), (), Limits(), ()))
            if found.complaints:
                return f"{found.complaints[0].message} ({found.complaints[0].hint})"
    return None


def write(root: Path, wanted: Mapping[str, str]) -> list[str]:
    """Write the files; return what was written. A .gitignore that is there gets one more line."""
    written: list[str] = []
    for file, text in sorted(wanted.items()):
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if file == ".gitignore" and path.exists():
            before = path.read_text(encoding="utf-8")
            if IGNORED in before.splitlines():
                continue
            path.write_text(before + ("" if before.endswith("\n") or not before else "\n") + text, "utf-8")
        else:
            with path.open("x", encoding="utf-8") as fresh:
                fresh.write(text)
        written.append(file)
    return written
