"""Generate what is measured: a fleet of N products, and octoDNS's N zones of ten records. Deterministic."""

import os
from pathlib import Path

PAST = 1_700_000_000
"""When the files were last changed: a file that is younger than its reading is never trusted unread."""
LANGUAGES = ("rust", "python", "node", "go")

PRODUCT = """\
# {name}, owned by team {team}
apiVersion: ship/v1
kind: Product
metadata:
  name: {name}
  labels: {{language: {language}, tier: "{tier}", team: team-{team}}}
spec:
  repo: {repo}
  branch: main
  suspend: false
  policy:
    allow: [observe, heal, docs, publish, promote, deploy]
  ci:
    workflow: ci.yml
    heal: {{mode: pr}}
  docs:
    builder: mkdocs
    config: mkdocs.yml
    branch: gh-pages
  security:
    failOn: high
    scanners: [trivy, cargo-audit]
    waivers:
      - id: RUSTSEC-2024-{number:04d}
        reason: "the affected function is not reachable from {name}"
        owner: ada
        expires: 2031-01-31
  health:
    checks:
      - url: https://{name}.example/healthz
        status: 200
        contains: ok
        certDaysLeft: 14
        failures: 3
"""

CONFIG = """\
ship:
  github:
    base_url: {base_url}
"""

ZONE = """\
---
'':
- ttl: 3600
  type: A
  values:
  - 10.{a}.{b}.{c}
- type: MX
  values:
  - exchange: mx1.example.net.
    preference: 10
  - exchange: mx2.example.net.
    preference: 20
- type: TXT
  value: v=spf1 include:_spf.example.net -all
_dmarc:
  type: TXT
  value: v=DMARC1\\; p=reject\\; rua=mailto:dmarc@example.net
api:
  type: CNAME
  value: lb-{few}.example.net.
autoconfig:
  type: CNAME
  value: mail.example.net.
ftp:
  ttl: 300
  type: A
  value: 10.1.{b}.{c}
mail:
  type: AAAA
  values:
  - 2001:db8::{low:x}:1
status:
  type: CNAME
  value: status.example.net.
www:
  type: CNAME
  value: unit{number}.example-zone.com.
"""

OCTODNS = """\
---
manager:
  max_workers: 1
providers:
  config:
    class: octodns.provider.yaml.YamlProvider
    directory: {root}/source
    default_ttl: 3600
  target:
    class: octodns.provider.yaml.YamlProvider
    directory: {root}/target
    default_ttl: 3600
zones:
  '*':
    sources: [config]
    targets: [target]
"""


def name_of(number: int) -> str:
    """Return the name of the n-th product."""
    return f"product-{number:05d}"


def fleet(root: Path, size: int, *, host: str = "github", base_url: str | None = None) -> Path:
    """Write a fleet of products of about 35 lines each."""
    products = root / "fleet" / "products"
    products.mkdir(parents=True)
    for number in range(size):
        name = name_of(number)
        repo = f"github:acme/{name}" if host == "github" else f"local:acme/{name}.git"
        text = PRODUCT.format(
            name=name,
            number=number % 10_000,
            repo=repo,
            team=number % 9,
            tier=number % 3,
            language=LANGUAGES[number % 4],
        )
        (products / f"{name}.yaml").write_text(text)
        os.utime(products / f"{name}.yaml", (PAST, PAST))
    (root / "fleet" / "fleet.yaml").write_text(
        "apiVersion: ship/v1\nkind: Fleet\nmetadata: {name: bench}\nspec: {}\n"
    )
    if base_url is not None:
        folder = root / ".codemonkeys"
        folder.mkdir()
        (folder / "config.yaml").write_text(CONFIG.format(base_url=base_url))
    return root


def octodns(root: Path, size: int) -> Path:
    """Write an octoDNS tree whose target already holds what its source says; return its configuration."""
    for side in ("source", "target"):
        (root / side).mkdir(parents=True)
        for number in range(size):
            text = ZONE.format(
                number=number,
                few=number % 7,
                low=number % 65536,
                a=number // 65536 % 256,
                b=number // 256 % 256,
                c=number % 256,
            )
            (root / side / f"unit{number}.example-zone.com.yaml").write_text(text)
    config = root / "config.yaml"
    config.write_text(OCTODNS.format(root=root.resolve()))
    return config
