"""The six products of the demo: small real Python packages, each with code, a test and pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True, slots=True)
class Seed:
    """What one product is grown from."""

    name: str
    summary: str
    code: str
    test: str
    guide: str

    @property
    def module(self) -> str:
        """The name to import."""
        return self.name.replace("-", "_")


BANANA = Seed(
    name="banana-split",
    summary="Splits a list into parts of nearly the same length.",
    code='''
    def split(items, parts):
        """Split items into parts; the first ones are longer by one where it does not come out even."""
        if parts < 1:
            raise ValueError("parts must be at least 1")
        size, longer = divmod(len(items), parts)
        starts = [number * size + min(number, longer) for number in range(parts + 1)]
        return [items[start:end] for start, end in zip(starts, starts[1:])]
    ''',
    test="""
    def test_the_first_parts_are_longer():
        assert split([1, 2, 3, 4, 5], 2) == [[1, 2, 3], [4, 5]]
    """,
    guide="Call `split(items, parts)`. Nothing is lost and nothing changes its place.",
)
COCONUT = Seed(
    name="coconut-cache",
    summary="A dictionary that forgets what was used least.",
    code='''
    from collections import OrderedDict


    class Coconut(OrderedDict):
        """Keep the newest `room` entries."""

        def __init__(self, room):
            super().__init__()
            self.room = room

        def __setitem__(self, key, value):
            super().__setitem__(key, value)
            self.move_to_end(key)
            while len(self) > self.room:
                self.popitem(last=False)
    ''',
    test="""
    def test_the_oldest_entry_goes():
        cache = Coconut(room=1)
        cache["a"] = 1
        cache["b"] = 2
        assert list(cache) == ["b"]
    """,
    guide="Make one with `Coconut(room=100)` and use it as a dictionary.",
)
KIWI = Seed(
    name="kiwi-config",
    summary="Reads `key = value` files, with line numbers in every complaint.",
    code='''
    def read(text):
        """Return the values by key; raise ValueError with the line number."""
        values = {}
        for number, line in enumerate(text.splitlines(), start=1):
            line = line.partition("#")[0].strip()
            if not line:
                continue
            key, equals, value = line.partition("=")
            if not equals:
                raise ValueError(f"line {number}: no '=' in {line!r}")
            values[key.strip()] = value.strip()
        return values
    ''',
    test="""
    def test_comments_are_left_out():
        assert read("# colour\\npeel = brown  # outside") == {"peel": "brown"}
    """,
    guide="Call `read(text)`. Everything behind a `#` is a comment.",
)
LEMON = Seed(
    name="lemon-log",
    summary="Writes log lines as `key=value` pairs.",
    code='''
    def line(**pairs):
        """Return one line; values with a space are quoted."""
        return " ".join(f"{key}={_quoted(str(value))}" for key, value in pairs.items())


    def _quoted(value):
        return f'"{value}"' if " " in value else value
    ''',
    test="""
    def test_spaces_are_quoted():
        assert line(level="info", message="fresh juice") == 'level=info message="fresh juice"'
    """,
    guide="Call `line(level='info', message='...')` and hand the result to any logger.",
)
MANGO = Seed(
    name="mango-math",
    summary="Mean and spread of numbers that arrive one by one.",
    code='''
    class Running:
        """Mean and variance without keeping the numbers."""

        def __init__(self):
            self.count, self.mean, self._squares = 0, 0.0, 0.0

        def add(self, number):
            """Take one more number."""
            self.count += 1
            step = number - self.mean
            self.mean += step / self.count
            self._squares += step * (number - self.mean)

        @property
        def variance(self):
            """Of the numbers so far; 0 for fewer than two."""
            return self._squares / (self.count - 1) if self.count > 1 else 0.0
    ''',
    test="""
    def test_the_mean_of_two_numbers():
        running = Running()
        running.add(2)
        running.add(4)
        assert (running.mean, running.variance) == (3, 2)
    """,
    guide="Make a `Running()`, call `add` with each number, read `mean` and `variance` at any time.",
)
PAPAYA = Seed(
    name="papaya-parse",
    summary="Reads durations such as `1h30m`.",
    code='''
    import re

    SECONDS = {"h": 3600, "m": 60, "s": 1}


    def seconds(text):
        """Return the seconds of a duration such as 1h30m."""
        if not re.fullmatch(r"(\\d+[hms])+", text):
            raise ValueError(f"not a duration: {text!r}")
        return sum(int(number) * SECONDS[unit] for number, unit in re.findall(r"(\\d+)([hms])", text))
    ''',
    test="""
    def test_hours_and_minutes():
        assert seconds("1h30m") == 5400
    """,
    guide="Call `seconds('1h30m')`. Units are `h`, `m` and `s`, in any order.",
)
SEEDS = (BANANA, COCONUT, KIWI, LEMON, MANGO, PAPAYA)


def files(seed: Seed, version: str) -> Mapping[str, str]:
    """Grow a product's repository at one version: path to text."""
    names = {"name": seed.name, "module": seed.module, "summary": seed.summary, "version": version}
    grown = {path: dedent(text).lstrip("\n").format(**names) for path, text in _SHARED.items()}
    grown[f"src/{seed.module}/__init__.py"] = f'"""{seed.summary}"""\n\n' + dedent(seed.code).strip() + "\n"
    imports = f'"""Tests of {seed.name}."""\n\nfrom {seed.module} import *  # noqa: F403\n\n\n'
    grown[f"tests/test_{seed.module}.py"] = imports + dedent(seed.test).strip() + "\n"
    grown["docs/guide.md"] = f"# Guide\n\n{seed.guide}\n\nBack to the [start](index.md).\n"
    return grown


_SHARED = {
    "README.md": """
        # {name}

        {summary}
        """,
    "pyproject.toml": """
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"

        [project]
        name = "{name}"
        version = "{version}"
        description = "{summary}"
        readme = "README.md"
        requires-python = ">=3.11"
        license = "CC0-1.0"

        [tool.hatch.build.targets.sdist]
        include = ["src", "tests"]

        [tool.hatch.build.targets.wheel]
        packages = ["src/{module}"]
        """,
    "mkdocs.yml": """
        site_name: {name}
        site_description: {summary}
        nav:
          - Start: index.md
          - Guide: guide.md
          - Changes: changes.md
        """,
    "docs/index.md": """
        # {name}

        {summary}

        Read the [guide](guide.md), then what [changed](changes.md).
        """,
    "docs/changes.md": """
        # Changes

        Version 1.0.0 was the first. How it is used stands in the [guide](guide.md).
        """,
}
