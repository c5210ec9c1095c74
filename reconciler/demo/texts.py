"""What the demo writes for people: the fleet's YAML files, the configuration, the README."""

from pathlib import Path
from textwrap import dedent

from reconciler.demo import seeds

KEY_FILE = "keys/age.txt"
SECRETS_FILE = "secrets/pypi.sops.yaml"
USER = "ship"
SETTLE_S = 1
"""What the configuration says: how long the registry may take to show an upload."""
WRONG = {
    seeds.BANANA.name: "its pages changed after they were last published",
    seeds.COCONUT.name: "v1.1.0 is tagged, and the registry holds 1.0.0",
    seeds.KIWI.name: "nothing, it is in sync",
    seeds.LEMON.name: "its release is half published: the registry lost the sdist",
    seeds.MANGO.name: "its YAML has a typo, so it cannot be planned",
    seeds.PAPAYA.name: "it is suspended: what departs is shown, nothing is done",
}
"""What is wrong with each product."""


def _flat(text: str) -> str:
    return dedent(text).lstrip("\n")


CONFIG = _flat("""
    # How this installation reaches the world. Everything here is on this machine.
    ship:
      secrets:
        sops_age_key: keys/age.txt
      registries:
        pypi:
          enabled: true
          url: http://127.0.0.1:{port}/simple/
          upload_url: http://127.0.0.1:{port}/
          settle_s: {settle}
          build_isolation: false   # build with the hatchling that is installed beside Ship: no network
    """)
SOPS_CONFIG = _flat("""
    creation_rules:
      - path_regex: secrets/.*\\.sops\\.yaml$
        age: {recipient}
    """)
GITIGNORE = _flat("""
    # the fleet is what is declared; these are its key, and the world that it declares
    keys/
    registry/
    repos/
    .codemonkeys/state/
    """)
FLEET = _flat("""
    apiVersion: ship/v1
    kind: Fleet
    metadata:
      name: fruit
    spec:
      defaults:                    # laid under every product; what a product says itself goes over it
        - spec: {branch: main}
        - match: {site: mkdocs}    # for the products with this label
          spec:
            docs: {builder: mkdocs, branch: gh-pages}
      budgets:
        attempts: 3                # failed attempts until an action waits for a person
    """)
PRODUCT = _flat("""
    apiVersion: ship/v1
    kind: Product
    metadata:
      name: NAME
      labels: {language: python, site: mkdocs}
    spec:
      repo: local:repos/NAME.git
    """)
SUSPENDED = "  suspend: true                    # observed and shown, never acted on\n"
RELEASE = """\
  release:
    version: tags                  # the newest SemVer tag on the branch must be published
    targets:
      - {registry: pypi, package: NAME, secrets: secrets/pypi.sops.yaml}
"""
TYPO = ("version:", "verison:")


def product(name: str) -> str:
    """Write `fleet/products/<name>.yaml` as it shall be, without the mistakes."""
    text = PRODUCT
    if name == seeds.PAPAYA.name:
        text += SUSPENDED
    if name != seeds.BANANA.name:
        text += RELEASE
    return text.replace("NAME", name)


def readme() -> str:
    """Return what the folder's README says: what to try next."""
    return (Path(__file__).parent / "next.md").read_text(encoding="utf-8")
