"""Loads the fleet: every file on its own, every complaint at once, unchanged files from memory."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.fleetfile import base, checks, commit, files, rollouts, source
from reconciler.fleetfile.base import Base
from reconciler.fleetfile.marks import Place, Trouble
from reconciler.fleetfile.memory import Memory, decoded
from reconciler.fleetfile.merge import Merged, merge
from reconciler.fleetfile.wording import Fault
from reconciler.model.cache import Cache
from reconciler.model.canonical import canonical, digest
from reconciler.model.fleet import Complaint, Fleet
from reconciler.model.product import Product

FOLDER = "fleet/products"


def load(root: Path, *, cache: Cache | None = None) -> Fleet:
    """Read everything under `fleet/`; never raises on what the files hold.

    The cache is read, and news are put into it; without one everything is parsed. One that is damaged is
    passed over: it is never worth an error.
    """
    if cache is not None:
        with suppress(ValueError, TypeError, LookupError):
            return _load(root, cache)
    return _load(root, None)


def _load(root: Path, cache: Cache | None) -> Fleet:
    with _undisturbed():
        memory = Memory(cache, "fleet")
        fleet = base.load(root, memory)
        reading = _Reading(root, fleet, memory)
        products = reading.products()
        complaints = [*fleet.complaints, *reading.complaints, *rollouts.load(root, fleet, memory)]
        memory.close()
        if not (root / "fleet").is_dir():
            complaints.append(_NO_FLEET)
        return Fleet(
            root=str(root),
            products=tuple(products),
            complaints=tuple(sorted(set(complaints), key=_order)),
            limits=fleet.limits,
            digest=f"sha256:{_digest(products, fleet)}",
            commit=commit.head(root),
            invalid=dict(sorted(reading.invalid.items())),
        )


_NO_FLEET = Complaint("fleet", 1, 1, "there is no folder fleet/ here", "start one with `ship init`")


def _order(complaint: Complaint) -> tuple[str, int, int, str]:
    return complaint.file, complaint.line, complaint.column, complaint.message


def _digest(products: list[Product], fleet: Base) -> str:
    limits = fleet.limits
    return digest(
        [
            [[product.name, product.generation] for product in products],
            [limits.brake.share, limits.brake.from_products, limits.brake.limit],
            [
                [str(part) for part in (w.name, w.start, w.end, w.days, w.from_time, w.to_time, w.timezone)]
                for w in limits.windows
            ],
            [limits.actions_per_run, limits.attempts],
        ]
    )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep the garbage collector out of bulk loading, and off what was loaded.

    It would look at every new object again and again, and once more right after. Only the first load
    of a process freezes: a process that loads for ever must not keep what it no longer needs.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            if gc.get_freeze_count() == 0:
                gc.freeze()
            gc.enable()


class _Reading:
    """One reading of all product files."""

    def __init__(self, root: Path, fleet: Base, memory: Memory) -> None:
        self._root = root
        self._base = fleet
        self._memory = memory
        self.complaints: list[Complaint] = []
        self.invalid: dict[str, str] = {}

    def products(self) -> list[Product]:
        """Read all products, sorted by name."""
        known: list[tuple[files.Listed, str]] = []
        fresh: list[Product] = []
        for listed in files.listing(self._root, FOLDER):
            text = self._look(listed, fresh)
            if text is not None:
                known.append((listed, text))
        for (listed, _), value in zip(known, decoded([text for _, text in known]), strict=True):
            generation, document = value
            fresh.append(Product.of(document, file=listed.file, generation=str(generation)))  # type: ignore[arg-type]
        fresh.sort(key=lambda product: product.name)
        return self._uncontested(fresh)

    def _look(self, listed: files.Listed, fresh: list[Product]) -> str | None:
        """Return what is known of a file; otherwise read it: a product or complaints."""
        try:
            if not listed.file.endswith(".yaml"):
                raise files.Unreadable(_MISNAMED)  # noqa: TRY301 -- one way for all files that are not read
            content: list[bytes] = []
            blob = self._memory.blob(listed, lambda: _keep(content, files.read(self._root, listed)))
            text = None if self._base.complaints else self._memory.known(listed.file, blob, self._base.blob)
            if text is None:
                merged = merge(
                    source.read(
                        content[0] if content else files.read(self._root, listed), listed.file, listed.stem
                    ),
                    self._base,
                )
                self._take(listed, blob, merged, fresh)
        except files.Unreadable as refused:
            self._refuse(listed, (source.unreadable(listed.file, listed.stem, refused.trouble),))
            return None
        return text

    def _take(self, listed: files.Listed, blob: str, merged: Merged, fresh: list[Product]) -> None:
        if merged.document is None:
            self._refuse(listed, merged.complaints)
            return
        generation = digest(merged.document)[:12]
        text = canonical([generation, merged.document]).decode()
        self._memory.remember(listed.file, blob, text, self._base.blob)
        fresh.append(Product.of(merged.document, file=listed.file, generation=generation))

    def _refuse(self, listed: files.Listed, complaints: tuple[Complaint, ...]) -> None:
        self.complaints += complaints
        self.invalid[listed.stem] = listed.file

    def _uncontested(self, products: list[Product]) -> list[Product]:
        """Keep the products that claim nothing that another one claims: nobody knows whose it is."""
        for product, path, (what, where, name), other in checks.contested(products):
            read = source.again(self._root, product.file, product.name)
            message = f"the {what} {_named(what, where, name)} is claimed by {other.name} too ({other.file})"
            self.complaints.append(
                read.complaint(path, Fault(path, message, "declare it in one product only"))
            )
            self.invalid[product.name] = product.file
        return [product for product in products if product.name not in self.invalid]


def _named(what: str, where: str, name: str) -> str:
    return f"`{name}` in {where}" if what == "package" else f"`{name}` of {where}"


def _keep(kept: list[bytes], content: bytes) -> bytes:
    kept.append(content)
    return content


_MISNAMED = Trouble(Place(1, 1), "the file's name must end in .yaml", "rename it")
