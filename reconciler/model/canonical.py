"""One byte form for every value: what digests are taken of."""

import hashlib
import json
from collections.abc import Mapping


def canonical(value: object) -> bytes:
    """Encode as JSON with sorted keys, no spaces, UTF-8 (close to RFC 8785)."""
    return _encode(value).encode()


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical form: 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    msg = f"no canonical form for {type(value).__name__}"
    raise TypeError(msg)


# Built once: json.dumps with arguments builds its encoder anew on each call, a third of the time.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain).encode
