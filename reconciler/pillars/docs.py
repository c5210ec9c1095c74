"""Decides whether a product's site is what its sources say: stale, never published, or not ours to touch."""

from collections.abc import Sequence

from reconciler.model.canonical import digest
from reconciler.model.observed import DocsInputs, DocsRecord, Head, Observed
from reconciler.model.plan import Action, Drift
from reconciler.model.product import DocsSpec, Product

NAME = "docs"
KIND = "docs.build"
INPUTS = "docs.inputs"
BRANCH = "docs.branch"
NEEDS = frozenset({"github", "docs"})


class DocsPillar:
    """Wants the site on the docs branch to be built from the inputs at the tip of the branch."""

    name = NAME

    def assess(self, product: Product, observed: Observed) -> Sequence[Drift]:
        """Compare digests of inputs, never times or commits; report a branch that is not as Ship left it."""
        spec = product.docs
        inputs, head = observed.one(DocsInputs), observed.one(Head)
        if spec is None or observed.blind(*NEEDS) or inputs is None or head is None:
            return ()
        record = observed.one(DocsRecord)
        if record is not None and (why := _not_ours(spec, record)):
            return (_drift(product, BRANCH, f"only Ship's own commits on branch {spec.branch!r}", why),)
        if record is None or record.inputs is None or record.inputs != inputs.digest:
            return (_drift(product, INPUTS, inputs.digest, record.inputs if record else None),)
        return ()

    def remedy(self, product: Product, drift: Drift, observed: Observed) -> Action | None:
        """Build and push; None for a branch that somebody else wrote to."""
        spec = product.docs
        inputs, head = observed.one(DocsInputs), observed.one(Head)
        if drift.field != INPUTS or spec is None or inputs is None or head is None:
            return None
        record = observed.one(DocsRecord)
        return Action(
            product=product.name,
            pillar=NAME,
            kind=KIND,
            params={
                "clone_url": head.clone_url,
                "branch": head.branch,
                "commit": head.commit,
                "config": spec.config,
                "docs_branch": spec.branch,
                "parent": record.commit if record else "",
                "inputs": inputs.digest,
                "builder": spec.builder,
            },
            because=_because(spec, inputs, record),
            desired=digest([inputs.digest, spec.branch, spec.builder]),
            observed=digest([record.commit, record.inputs] if record else None),
            repeat="rejected",
            needs=NEEDS,
            cost={"builds": 1, "pushes": 1},
            declared="spec.docs",
        )


def _not_ours(spec: DocsSpec, record: DocsRecord) -> str | None:
    at = f"branch {spec.branch!r} at {record.commit[:12]}"
    if record.inputs is None:
        way = "set docs.adopt: true to replace it, or name another docs.branch"
        return None if spec.adopt else f"{at} holds a site that Ship did not publish: {way}"
    if not record.intact:
        return f"{at} is somebody else's commit on top of Ship's: reset or delete the branch, then run again"
    return None


def _drift(product: Product, field: str, desired: str, observed: str | None) -> Drift:
    return Drift(product.name, NAME, field, desired, observed, "spec.docs")


def _because(spec: DocsSpec, inputs: DocsInputs, record: DocsRecord | None) -> str:
    now = f"{inputs.files} input files, digest {inputs.digest[:12]}"
    if record is None:
        return f"docs were never published on branch {spec.branch!r}; now {now}"
    if record.inputs is None:
        return f"the site on branch {spec.branch!r} is adopted; now {now}"
    return f"docs on branch {spec.branch!r} are stale: built from {record.inputs[:12]}; now {now}"
