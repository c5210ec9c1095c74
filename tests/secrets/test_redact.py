"""The redactor: no known secret survives, ordinary text does."""

import base64
import json
import shlex
import textwrap
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.redact import MASK, SHORTEST, Redactor

SECRET = 'h4x/0r+S3cr\'et "w\\ord" ü&é'


def b64(text: str, before: str = "", after: str = "") -> str:
    """Encode with something before and after, as HTTP's Basic does."""
    return base64.b64encode((before + text + after).encode()).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda secret: secret,
    "base64": b64,
    "base64 after a user name of two letters": lambda secret: b64(secret, "u:"),
    "base64 after a user name": lambda secret: b64(secret, "__token__:"),
    "base64 in the middle": lambda secret: b64(secret, "ab:", ":cd"),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "base64, URL-encoded": lambda secret: quote(b64(secret), safe=""),
    "base64 of lines": lambda secret: base64.encodebytes(secret.encode() * 3).decode(),
    "URL-encoded": lambda secret: quote(secret, safe=""),
    "URL-encoded, path kept": quote,
    "URL-encoded as a form": quote_plus,
    "URL-encoded in small letters": lambda secret: (
        quote(secret, safe="").lower() if secret.islower() else quote(secret)
    ),
    "hex": lambda secret: secret.encode().hex(),
    "HEX": lambda secret: secret.encode().hex().upper(),
    "JSON": json.dumps,
    "JSON, not ASCII": lambda secret: json.dumps(secret, ensure_ascii=False),
    "JSON in JSON": lambda secret: json.dumps(json.dumps({"k": secret})),
    "repr": repr,
    "shell": shlex.quote,
    "one character a line": "\n".join,
    "escaped newlines inside": lambda secret: json.dumps("\n".join(secret.replace("\\", ""))),
    "wrapped": lambda secret: "\n      ".join(textwrap.wrap(secret, 5)),
    "base64 wrapped": lambda secret: "\n".join(textwrap.wrap(b64(secret), 7)),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str) -> None:
    """Every form in which a tool was seen to print a secret is taken out."""
    secret = SECRET.replace("\\", "") if "escaped" in form else SECRET
    redactor = Redactor()
    redactor.learn(secret)
    printed = FORMS[form](secret)
    cleaned = redactor.clean(f"before: {printed} :after")
    assert cleaned.startswith("before: ")
    assert cleaned.endswith(" :after")
    assert MASK in cleaned
    assert len(cleaned) < 40


def test_nothing_known() -> None:
    """Without a secret text is given back as it is."""
    assert Redactor().clean("hello") == "hello"


@pytest.mark.parametrize("short", ["", "a", "abc", "  abc\n"])
def test_short(short: str) -> None:
    """What is too short to be a secret is not learned: it would maul everything."""
    redactor = Redactor()
    redactor.learn(short)
    assert redactor.clean("abc abc") == "abc abc"


def test_few_characters_and_much_space() -> None:
    """A value that is little but spaces is only found with its spaces."""
    redactor = Redactor()
    redactor.learn("a        b")
    assert redactor.clean("ab, a b, a        b") == f"ab, a b, {MASK}"


def test_short_is_not_found_across_spaces() -> None:
    """Four to seven characters are only found unbroken: ordinary words would hit them otherwise."""
    redactor = Redactor()
    redactor.learn("test")
    assert redactor.clean("tes the test; te st") == f"tes the {MASK}; te st"


def test_long_only_by_spaces() -> None:
    """What is left of a form without its spaces may be too short to look for."""
    redactor = Redactor()
    redactor.learn("x  \n  y secret-of-two-lines")
    redactor.learn("1234")
    assert redactor.clean("x y, 12 34, 1234") == f"x y, 12 34, {MASK}"
    assert redactor.clean("secret-of-two-lines") == "secret-of-two-lines"
    assert redactor.clean("y secret-of-two-lines") == MASK


def test_overlapping() -> None:
    """Secrets that overlap are all gone, whichever was learned first."""
    redactor = Redactor()
    for secret in ("abcdefgh", "efghijkl", "ijklmnop"):
        redactor.learn(secret)
    assert redactor.clean("xabcdefghijklmnopx") == f"x{MASK}x"


def test_mask_makes_no_new_secret() -> None:
    """A secret that only appears through the masking of another is taken out as well."""
    redactor = Redactor()
    redactor.learn("inner-secret")
    redactor.learn("ab***cd")
    assert redactor.clean("abinner-secretcd") == MASK


def test_many_lines() -> None:
    """A key of many lines is found whole, and each of its lines alone."""
    redactor = Redactor()
    redactor.learn("-----BEGIN KEY-----\nMIIabcdefghijk\nlmnopqrstuv\n")
    assert redactor.clean("log: lmnopqrstuv") == f"log: {MASK}"
    assert "MII" not in redactor.clean('{"k": "-----BEGIN KEY-----\\nMIIabcdefghijk\\nlmnopqrstuv\\n"}')


def test_data() -> None:
    """JSON values are cleaned through and through: keys, texts, numbers."""
    redactor = Redactor()
    redactor.learn("12345678")
    redactor.learn("hunter22")
    dirty = {"hunter22": ["a hunter22", 12345678, 7, True, None, 1.5], "t": ("x",)}
    assert redactor.clean_data(dirty) == {MASK: [f"a {MASK}", MASK, 7, True, None, 1.5], "t": ["x"]}


words = st.text(st.characters(codec="utf-8"), max_size=60)
secrets = st.lists(
    st.text(st.characters(codec="utf-8"), min_size=SHORTEST, max_size=30), min_size=1, max_size=4
)


@given(secrets, words, words, st.sampled_from(sorted(set(FORMS) - {"URL-encoded in small letters"})))
def test_no_secret_survives(values: list[str], before: str, after: str, form: str) -> None:
    """Whatever stands around it, no learned value and no form of it is left."""
    redactor = Redactor()
    for value in values:
        redactor.learn(value)
    text = before + FORMS[form](values[0]) + after
    cleaned = redactor.clean(text)
    for value in values:
        if len(value.strip()) >= SHORTEST:
            assert value.strip() not in cleaned
            assert b64(value) not in cleaned or len(b64(value)) < SHORTEST
    assert redactor.clean(cleaned) == cleaned


@given(st.text("abcdefgh \n", max_size=200))
def test_ordinary_text(text: str) -> None:
    """Text that holds no secret is not changed by a character."""
    redactor = Redactor()
    redactor.learn("s3cr3t-T0ken-XYZ")
    redactor.learn("p4ss")
    assert redactor.clean(text) == text


def test_a_short_secret_alone_is_found() -> None:
    """Four letters are found unbroken, also when nothing longer is known."""
    redactor = Redactor()
    redactor.learn("p1n-")
    assert redactor.clean("the pin p1n- and p 1 n -") == f"the pin {MASK} and p 1 n -"
