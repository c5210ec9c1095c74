"""One YAML file while it is being looked at: text, value, marks, and complaints with their places."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path as Folder
from typing import Any

from reconciler.fleetfile import files, syntax
from reconciler.fleetfile.marks import Marks, Path, Trouble, marks
from reconciler.fleetfile.wording import Fault
from reconciler.model.fleet import Complaint


@dataclass(slots=True)
class Source:
    """A file that was read. `value` is None when `complaints` say why."""

    file: str
    product: str | None
    """Which product it makes invalid."""
    text: str
    value: Any
    complaints: tuple[Complaint, ...]
    _marks: Marks | None = None

    @property
    def marks(self) -> Marks:
        """Places of all keys and values; read when first asked."""
        if self._marks is None:
            self._marks = marks(self.text)
        return self._marks

    def blame(self, faults: Iterable[Fault]) -> tuple[Complaint, ...]:
        """Give each fault its place."""
        return tuple(self.complaint(fault.path, fault) for fault in faults)

    def complaint(self, path: Path, fault: Fault) -> Complaint:
        """Place a fault at a path of this file."""
        place = self.marks.place(path, key=fault.key)
        return _complaint(self, Trouble(place, fault.message, fault.hint))


def _complaint(source: Source, trouble: Trouble) -> Complaint:
    place = trouble.place
    return Complaint(
        file=source.file,
        line=place.line,
        column=place.column,
        message=trouble.message,
        hint=trouble.hint,
        excerpt=syntax.excerpt(source.text, place),
        product=source.product,
    )


def read(content: bytes, file: str, product: str | None) -> Source:
    """Parse a content; never raises on what it holds."""
    text, trouble = syntax.decode(content)
    source = Source(file, product, text, None, ())
    if trouble:
        source.complaints = (_complaint(source, trouble),)
        return source
    value, troubles, found = syntax.parse(text)
    source._marks = found  # noqa: SLF001 -- its own module
    if troubles:
        source.complaints = tuple(_complaint(source, trouble) for trouble in troubles)
    else:
        source.value = value
    return source


def unreadable(file: str, product: str | None, trouble: Trouble) -> Complaint:
    """Complain about a file that could not be read at all."""
    return Complaint(file, 1, 1, trouble.message, trouble.hint, None, product)


def content(root: Folder, file: str) -> bytes:
    """Read a file once more for its places; nothing when it is gone or broken by now."""
    listed = files.single(root, file)
    try:
        return files.read(root, listed) if listed else b""
    except files.Unreadable:
        return b""


def again(root: Folder, file: str, product: str | None) -> Source:
    """Parse a file once more for its places."""
    return read(content(root, file), file, product)
