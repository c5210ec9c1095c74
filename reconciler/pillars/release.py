"""Release pillar: the newest tag must be whole in every registry; the registry is the truth."""

from collections.abc import Mapping, Sequence

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reconciler.model.canonical import digest
from reconciler.model.observed import Head, Observed, Published, PublishedFile, Tag
from reconciler.model.plan import Action, Drift
from reconciler.model.product import Product, ReleaseSpec, Target

REGISTRY = "pypi"
FIELD = "release.pypi"
TAGS = "tags"
GREEN = "SUCCESS"
ENDINGS: Mapping[str, tuple[str, ...]] = {"sdist": (".tar.gz", ".zip"), "wheel": (".whl",)}


class ReleasePillar:
    """Satisfies `ports.Pillar`."""

    name = "publish"

    def assess(self, product: Product, observed: Observed) -> Sequence[Drift]:
        """Compare each PyPI target with the desired version. No tag: nothing is desired."""
        release = product.release
        if release is None or observed.blind("github", REGISTRY):
            return ()
        wanted = _wanted(release, observed.one(Tag))
        if wanted is None:
            return ()
        return [
            _drift(product, place, f"{target.package} {wanted}", seen)
            for place, target in _targets(release)
            if (seen := _departure(release, target, wanted, observed)) is not None
        ]

    def remedy(self, product: Product, drift: Drift, observed: Observed) -> Action | None:
        """Publish what is missing; None: no tag to build from, no PEP 440 version, or another publisher."""
        release, tag = product.release, observed.one(Tag)
        if release is None or tag is None or release.publisher != "ansible":
            return None
        target = next(target for place, target in _targets(release) if place == drift.declared)
        version = _normal(tag.version)
        if version is None or version != _normal(_wanted(release, tag) or ""):
            return None
        files = _files(target, version, observed)
        return Action(
            product=product.name,
            pillar=self.name,
            kind="publish.pypi",
            params={
                "clone_url": tag.clone_url,
                "tag": tag.name,
                "commit": tag.commit,
                "package": target.package,
                "version": version,
                "secrets": target.secrets or "",
                "files": ",".join(_missing(target, files)),
                "kinds": ",".join(_kinds(target)),
            },
            because=f"{target.package}: {drift.observed}",
            desired=digest([target.package, version, target.registry]),
            observed=digest([[file.name, file.sha256] for file in files]),
            repeat="rejected",
            needs=frozenset({"github", REGISTRY}),
            blocked=_blocked(release, tag, observed.one(Head)),
            cost={"uploads": len(_missing(target, files))},
            declared=drift.declared,
        )


def _targets(release: ReleaseSpec) -> Sequence[tuple[str, Target]]:
    """Return the PyPI targets, each with its place in the YAML."""
    return [
        (f"spec.release.targets.{place}", target)
        for place, target in enumerate(release.targets)
        if target.registry == REGISTRY
    ]


def _wanted(release: ReleaseSpec, tag: Tag | None) -> str | None:
    if release.version != TAGS:
        return release.version
    return tag.version if tag else None


def _normal(version: str) -> str | None:
    """Return the version as PyPI writes it (PEP 440); None when it cannot be one there."""
    try:
        return str(Version(version))
    except InvalidVersion:
        return None


def _drift(product: Product, place: str, desired: str, seen: str) -> Drift:
    return Drift(product.name, ReleasePillar.name, FIELD, desired, seen, place)


def _departure(release: ReleaseSpec, target: Target, wanted: str, observed: Observed) -> str | None:
    """Say how the registry departs; None: not at all."""
    version, tag = _normal(wanted), observed.one(Tag)
    if version is None:
        return f"{wanted} cannot be published: it is not a version by PEP 440"
    files = _files(target, version, observed)
    missing = _missing(target, files)
    if not missing:
        return None
    if files:
        there = [kind for kind in _kinds(target) if kind not in missing]
        text = f"{version}: {' and '.join(there) or 'other files'} only, {' and '.join(missing)} missing"
    else:
        text = f"{version} is not published"
    if release.publisher != "ansible":
        return f"{text}; the product's own release workflow publishes it"
    if tag is None or _normal(tag.version) != version:
        return f"{text}; the newest tag on the branch is another ({tag.name if tag else 'none'})"
    return text


def _files(target: Target, version: str, observed: Observed) -> Sequence[PublishedFile]:
    key = canonicalize_name(target.package)
    for fact in observed.of(Published):
        if fact.registry == REGISTRY and canonicalize_name(fact.package) == key:
            return fact.versions.get(version, ())
    return ()


def _kinds(target: Target) -> Sequence[str]:
    return [kind for kind in ENDINGS if not target.files or kind in target.files]


def _missing(target: Target, files: Sequence[PublishedFile]) -> Sequence[str]:
    return [kind for kind in _kinds(target) if not any(file.name.endswith(ENDINGS[kind]) for file in files)]


def _blocked(release: ReleaseSpec, tag: Tag, head: Head | None) -> str | None:
    reasons = []
    if "ci" in release.requires:
        if head is None or head.commit != tag.commit:
            reasons.append(f"CI state of {tag.name} is not known")
        elif head.rollup != GREEN:
            reasons.append(f"CI of {tag.name} is {head.rollup or 'not set up'}, not {GREEN}")
    if "scans" in release.requires:
        reasons.append("no scanner has reported")
    return "; ".join(reasons) or None
