"""Fleets on disk for tests."""

import itertools
import os
from collections.abc import Mapping
from pathlib import Path

PRODUCT = """\
apiVersion: ship/v1
kind: Product
metadata:
  name: NAME
  labels: {language: python, tier: "1"}
spec:
  repo: github:acme/NAME
  branch: main
  suspend: false
  policy: {allow: [observe, docs, publish]}
  ci:
    workflow: ci.yml
    heal: {mode: pr}
  docs:
    config: mkdocs.yml
    branch: gh-pages
    inputs: ["docs/**", mkdocs.yml]
    url: https://acme.example/NAME/
  release:
    version: tags
    requires: [ci]
    targets:
      - {registry: pypi, package: NAME, secrets: secrets/pypi.sops.yaml}
      - registry: oci
        image: registry.example/acme/NAME
  deploy:
    inventory: inventory.yml
  security:
    failOn: high
    scanners: [trivy]
    waivers:
      - {id: RUSTSEC-2024-0001, reason: not reachable, owner: ada, expires: 2027-01-31}
  health:
    checks:
      - url: https://acme.example/healthz
        status: 200
"""
FLEET = """\
apiVersion: ship/v1
kind: Fleet
metadata: {name: acme}
spec:
  defaults:
    - spec:
        security: {failOn: high}
    - match: {site: mkdocs}
      spec:
        docs: {branch: pages, inputs: [a, b]}
  enforced: [security.failOn]
  brake: {share: 0.5, fromProducts: 4, limit: 7}
  budgets: {actionsPerRun: 9, attempts: 2}
  freeze:
    windows:
      - {name: weekend, days: [sat, sun], from: "18:00", to: "06:00", timezone: Europe/Berlin}
  ladders:
    careful: {rungs: [{size: 1}, {size: 3}, {size: 10%}, {size: fleet}]}
"""
ROLLOUT = """\
apiVersion: ship/v1
kind: Rollout
metadata: {name: deps}
spec:
  change: {kind: update-deps, ref: "tokio>=1.48"}
  selector: {labels: {language: rust}, exclude: [old]}
  rungs: [{size: 1}, {size: 3, approve: human}, {size: 10%}, {size: fleet, soak: 2h}]
  soak: 30m
  gates: [ci, health]
  abort: {failures: 1, share: 0.1, unknown: pause, deadline: 24h}
"""


_TICKS = itertools.count(10**18, 10**9)


def product(name: str) -> str:
    """Return a product file with every block."""
    return PRODUCT.replace("NAME", name)


def small(name: str) -> str:
    """Return a product file that declares little."""
    return (
        f"apiVersion: ship/v1\nkind: Product\nmetadata: {{name: {name}}}\n"
        f"spec: {{repo: 'local:repos/{name}.git'}}\n"
    )


def write(root: Path, files: Mapping[str, str | bytes], *, old: bool = False) -> Path:
    """Write files under a root; `old`: each with a time stamp of its own, of long ago."""
    for file, text in files.items():
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if old:
            os.utime(path, ns=(next(_TICKS), next(_TICKS)))
    return root
