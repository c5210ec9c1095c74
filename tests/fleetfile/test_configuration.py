"""`.codemonkeys/config.yaml`: the plan's keys, the fast reading, the complaints."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import fleetfile
from reconciler.fleetfile import configuration, documents
from tests.world import fleets

PLAN = """\
# .codemonkeys/config.yaml
ship:
  github:
    token_env: GITHUB_TOKEN
  ansible:
    playbook_dir: ./playbooks
    inventory: ./inventory.yml
  secrets:
    sops_age_key: ~/.config/sops/age/keys.txt
  security:
    trivy_enabled: true
    cargo_audit_enabled: true
    fail_on_high: true
  alerts:
    webhook_url_env: ALERT_WEBHOOK_URL
  registries:
    crates_io: true
    docker_hub: true
    pypi: false
"""


def test_the_plans_own_example(tmp_path: Path) -> None:
    """The configuration that the integration plan shows is read as it stands."""
    fleets.write(tmp_path, {configuration.FILE: PLAN})
    found, complaints = fleetfile.load_settings(tmp_path)
    assert complaints == ()
    assert found.github.token_env == "GITHUB_TOKEN"
    assert found.github.base_url == "https://api.github.com"
    assert found.ansible.inventory == "./inventory.yml"
    assert {name: each.enabled for name, each in found.registries.items()} == {
        "crates-io": True,
        "oci": True,
        "pypi": False,
        "npm": True,
    }
    assert found.registries["pypi"].settle_s == 30
    assert found.registries["pypi"].build_isolation is True
    assert found.swarm_url == "sqlite:.codemonkeys/state/swarm.db"


@pytest.mark.parametrize("text", [None, "", "# nothing\n", "{}\n", "ship: {}\n"], ids=repr)
def test_without_a_word_everything_is_default(tmp_path: Path, text: str | None) -> None:
    """No file, an empty file and an empty mapping are the same."""
    if text is not None:
        fleets.write(tmp_path, {configuration.FILE: text})
    document, complaints = configuration.load_document(tmp_path)
    assert document == configuration.DEFAULTS
    assert complaints == ()


def test_the_defaults_are_the_models() -> None:
    """The fast reading's defaults are those of the documents."""
    assert documents.validated("config", {})[0] == configuration.DEFAULTS


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        ("token_env: GITHUB_TOKEN", "tokn_env: X", "4:5", "unknown key `tokn_env`"),
        ("token_env: GITHUB_TOKEN", "token_env: $X", "4:16", "is not the name of an environment variable"),
        ("pypi: false", "pypi: no", "19:11", "must be a mapping"),
        ("pypi: false", "pypi: {url: ftp://x}", "19:12", "is not an http or https address"),
        ("pypi: false", "pypi: {enable: true}", "19:12", "unknown key `enable`"),
        ("pypi: false", "pypy: false", "19:5", "unknown key `pypy`"),
        ("trivy_enabled: true", "trivy_enabled: 1", "11:20", "must be true or false"),
        ("./playbooks", "--x", "6:19", "is not a path"),
        ("  github:\n    token_env: GITHUB_TOKEN\n", "  github:\n", "3:10", "must be a mapping, is empty"),
        ("ship:", "shp:", "2:1", "unknown key `shp`"),
        ("ship:", "ship: [", "4:14", ""),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, place: str, says: str) -> None:
    """Each mistake is told at its place; the settings are the defaults then."""
    assert PLAN.count(old) == 1
    fleets.write(tmp_path, {configuration.FILE: PLAN.replace(old, new)})
    found, complaints = fleetfile.load_settings(tmp_path)
    assert found.document == configuration.DEFAULTS
    assert str(complaints[0]).startswith(f"{configuration.FILE}:{place}: ")
    assert says in complaints[0].message


def _values() -> st.SearchStrategy[Any]:
    words = ["X", "a b", "", "-x", "~/x", "https://a.example/x", "https://u@h/", "sqlite:x", "x\n"]
    return st.sampled_from([True, False, None, 0, 1, 30, 90_000, 2.5, -1.0, [], ["X"], {}, *words])


BLOCKS = {
    **configuration.DEFAULTS["ship"],
    "registries": {"pypi": configuration.DEFAULTS["ship"]["registries"]["pypi"], "crates_io": {}},
}
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        block: st.dictionaries(
            st.sampled_from([*keys, "other"]),
            _values()
            | st.dictionaries(
                st.sampled_from(["enabled", "url", "settle_s", "cache", "id"]), _values(), max_size=2
            ),
            max_size=3,
        )
        for block, keys in BLOCKS.items()
    },
)


@settings(max_examples=150, deadline=None)
@given(ship=DOCUMENTS)
def test_quick_is_right_or_silent(ship: dict[str, Any]) -> None:
    """Where the fast reading answers, it answers what the model answers."""
    value = {"ship": ship}
    before = deepcopy(configuration.DEFAULTS)
    fast = configuration.quick(value)
    assert configuration.DEFAULTS == before
    if fast is not None:
        assert documents.validated("config", value) == (fast, [])


def test_whole_seconds_are_read_as_seconds() -> None:
    """`settle_s: 2` is 2.0, by the fast reading and by the model."""
    value = {"ship": {"registries": {"pypi": {"settle_s": 2}}}}
    fast = configuration.quick(value)
    assert fast is not None
    assert fast["ship"]["registries"]["pypi"]["settle_s"] == 2.0
    assert documents.validated("config", value) == (fast, [])
