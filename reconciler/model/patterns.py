"""What names, paths and addresses must look like, and the words for it; without pydantic."""

import re
from typing import Final

_END = r"(?![\s\S])"  # `$` also matches before a final newline; this is the same in Python and ECMA-262
_PLAIN = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]"
_BRANCH_BODY = (
    rf"(?![-/.@])(?!.*\.\.)(?!.*//)(?!.*/\.)(?!.*@\{{)(?!.*\.lock(?:/|{_END}))(?!.*[/.]{_END})"
    r"[^\x00-\x20\x7f-\x9f\u2028\u2029~^:?*\[\\]{1,200}"
)
_PATH_BODY = (
    rf"(?![-/~])(?!\.\.(?:/|{_END}))(?!.*/\.\.(?:/|{_END}))(?!.*\\)"
    r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,400}"
)
_SEMVER = (
    r"v?(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})"
    r"(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)

NAME: Final = rf"^[a-z0-9](?:[a-z0-9._-]{{0,61}}[a-z0-9])?{_END}"
LABEL_KEY: Final = rf"^[A-Za-z0-9](?:[A-Za-z0-9._/-]{{0,61}}[A-Za-z0-9])?{_END}"
TEXT: Final = rf"^{_PLAIN}{{0,400}}{_END}"
BRANCH: Final = rf"^{_BRANCH_BODY}{_END}"
PATH: Final = rf"^{_PATH_BODY}{_END}"
FILE_NAME: Final = rf"^(?![-.])[A-Za-z0-9._-]{{1,100}}\.ya?ml{_END}"
REPO: Final = (
    rf"^(?:github:[A-Za-z0-9](?:[A-Za-z0-9-]{{0,38}})/(?!\.\.?{_END})[A-Za-z0-9._-]{{1,100}}"
    rf"|local:{_PATH_BODY}){_END}"
)
URL: Final = rf"^https?://(?![^/?#]*@)[^\x00-\x20\x7f-\x9f\u2028\u2029/?#\\]+(?:[/?#][^\x00-\x20\x7f-\x9f\u2028\u2029\\]*)?{_END}"
VERSION: Final = rf"^(?:tags|{_SEMVER}){_END}"
DEPLOYED: Final = rf"^(?:released|{_SEMVER}){_END}"
PACKAGE: Final = rf"^[A-Za-z0-9](?:[A-Za-z0-9._-]{{0,98}}[A-Za-z0-9])?{_END}"
NPM_PACKAGE: Final = rf"^(?:@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]{{0,200}}{_END}"
IMAGE: Final = rf"^(?!-)(?!.*//)(?!.*[/:]{_END})[a-z0-9][a-zA-Z0-9._:/-]{{0,250}}{_END}"
IMAGE_TAG: Final = rf"^(?:\{{version\}}|[A-Za-z0-9_])(?:\{{version\}}|[A-Za-z0-9_.-]){{0,127}}{_END}"
DATE: Final = rf"^\d{{4}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]){_END}"
MOMENT: Final = (
    r"^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
    rf"(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d){_END}"
)
CLOCK: Final = rf"^(?:[01]\d|2[0-3]):[0-5]\d{_END}"
ZONE: Final = rf"^[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*{_END}"
DURATION: Final = rf"^[1-9]\d{{0,5}}(?:s|m|h|d){_END}"
SHARE_OR_FLEET: Final = rf"^(?:fleet|(?:100|[1-9]\d?)%){_END}"
DOTTED: Final = rf"^[A-Za-z]+(?:\.[A-Za-z]+)*{_END}"
VARIABLE: Final = rf"^[A-Za-z_][A-Za-z0-9_]{{0,99}}{_END}"
STORE: Final = rf"^sqlite:(?!-){_PLAIN}{{1,400}}{_END}"
USER_PATH: Final = rf"^(?!-){_PLAIN}{{1,400}}{_END}"

WORDS: Final[dict[str, tuple[str, str]]] = {
    NAME: (
        "is not a valid name",
        "use lower-case letters, digits, `-`, `.` and `_`, at most 63, with a letter or digit at both ends",
    ),
    LABEL_KEY: ("is not a valid label", "use letters, digits, `-`, `.`, `_` and `/`, at most 63"),
    TEXT: ("holds a control character or is longer than 400 characters", "write it on one line"),
    BRANCH: (
        "is not a valid branch name",
        "see git-check-ref-format: no space, `..`, `~^:?*[\\`, leading `-`, trailing `/` or `.lock`",
    ),
    PATH: (
        "is not a path inside the tree",
        "use a relative path without `..`, not starting with `/`, `~` or `-`",
    ),
    FILE_NAME: (
        "is not the name of a playbook",
        "use a file name such as `publish-pypi.yml`, without a folder",
    ),
    REPO: (
        "is not a repository",
        "use `github:owner/name`, or `local:` and the path of a bare repository inside the fleet's root",
    ),
    URL: ("is not an http or https address", "use `https://host/path`"),
    VERSION: ("is not a version", "use `tags` or a SemVer version such as `1.2.3`"),
    DEPLOYED: ("is not a version", "use `released` or a SemVer version such as `1.2.3`"),
    PACKAGE: ("is not a valid package name", "use letters, digits, `-`, `.` and `_`"),
    NPM_PACKAGE: ("is not a valid npm package name", "use lower-case `name` or `@scope/name`"),
    IMAGE: ("is not a valid image", "use `registry.example/owner/name` without tag"),
    IMAGE_TAG: ("is not a valid image tag", "use letters, digits, `_`, `.`, `-` and `{version}`"),
    DATE: ("is not a date", "use YYYY-MM-DD"),
    MOMENT: ("is not a moment", "use ISO 8601 with an offset, such as `2027-01-31T18:00:00Z`"),
    CLOCK: ("is not a time of day", "use HH:MM, in quotes"),
    ZONE: ("is not a time zone", "use a name such as `UTC` or `Europe/Berlin`"),
    DURATION: ("is not a duration", "use a whole number with `s`, `m`, `h` or `d`, such as `30m`"),
    SHARE_OR_FLEET: ("is not the size of a rung", "use a number, a share such as `10%`, or `fleet`"),
    DOTTED: ("is not a key of a product's spec", "use names joined by dots, such as `security.failOn`"),
    VARIABLE: ("is not the name of an environment variable", "name the variable here, never its value"),
    STORE: ("is not a store", "use `sqlite:` and a path, such as `sqlite:.codemonkeys/state/swarm.db`"),
    USER_PATH: ("is not a path", "use a path on one line that does not start with `-`"),
}
"""What a complaint says of a value that a pattern refuses, and the hint."""


def fits(pattern: str, value: object) -> bool:
    """Say whether a value is a text of that form."""
    return type(value) is str and re.search(pattern, value) is not None
