"""Writes the generated pages of docs/reference/: `python -m tests.house.reference`."""

import argparse
import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reconciler.cli import reconcile, ship
from reconciler.cli.common import Parser, add_fleet, add_output
from tests.house.tree import ROOT

PAGES = ROOT / "docs" / "reference"
FILES = {
    "product": ("Product", "`fleet/products/<name>.yaml`: one product a file, named as the file is."),
    "fleet": ("Fleet", "`fleet/fleet.yaml`: defaults, enforced keys, limits."),
    "rollout": (
        "Rollout",
        "`fleet/rollouts/<name>.yaml`: one fleet-wide change. Declared and validated, not acted on yet.",
    ),
    "config": ("Configuration", "`.codemonkeys/config.yaml`: how this installation reaches the world."),
}
Schema = Mapping[str, Any]


def commands_page() -> str:
    """Return the page of all commands and options, from the parsers themselves."""
    lines = [
        "# Commands",
        "",
        "Generated from the programs' own `--help`. Both share [exit codes](exit-codes.md).",
        "",
    ]
    for parser in parsers():
        lines += [f"## `{parser.prog}`", "", parser.description or "", ""]
        rows = [row for action in _actions(parser) if (row := _option(action))]
        if rows:
            lines += ["| option | meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def parsers() -> Iterator[argparse.ArgumentParser]:
    """Yield every parser: reconcile, then each subcommand of ship with its own subcommands."""
    yield reconcile.parser()
    for name, text in ship.COMMANDS.items():
        parser = Parser(prog=f"ship {name}", description=text[0].upper() + text[1:] + ".")
        add_fleet(parser)
        add_output(parser)
        importlib.import_module(f"reconciler.cli.{name}").add(parser)
        yield parser
        for action in _actions(parser):
            if isinstance(action, argparse._SubParsersAction):
                helps = {choice.dest: choice.help for choice in action._choices_actions}
                for word, below in action.choices.items():
                    below.description = below.description or helps.get(word)
                    yield below


def options() -> frozenset[str]:
    """Return every option of both programs."""
    flags = (flag for parser in parsers() for action in _actions(parser) for flag in action.option_strings)
    return frozenset(flags) | {"--version"}


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions


def _option(action: argparse.Action) -> str | None:
    if isinstance(action, argparse._SubParsersAction):
        return f"| {' '.join(f'`{word}`' for word in action.choices)} | subcommands, see below |"
    if action.help in {argparse.SUPPRESS, None} or "--help" in action.option_strings:
        return None
    name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
    value = ""
    if action.option_strings and action.nargs != 0:
        choices = "|".join(map(str, action.choices)) if action.choices else ""
        value = f" {action.metavar or choices or action.dest.upper()}"
    return f"| `{_cell(name + value)}` | {_cell(str(action.help))} |"


def files_page() -> str:
    """Return the page of all keys, from the schemas."""
    lines = [
        "# Files",
        "",
        "Generated from `schemas/`, which are generated from the models (`ship schema`). Unknown keys",
        "are errors. A dash means: no default. `a[].b` is the key `b` of every item of the list `a`;",
        "`a.*` is any name under `a`.",
        "",
    ]
    for name, (title, text) in FILES.items():
        schema = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text())
        lines += [f"## {title}", "", text, "", "| key | form | default | meaning |", "|---|---|---|---|"]
        lines += [*_keys(schema, schema, ""), ""]
    return "\n".join(lines)


def _keys(node: Schema, root: Schema, prefix: str) -> Iterator[str]:
    required = node.get("required", ())
    for key, raw in node.get("properties", {}).items():
        value = _resolve(raw, root)
        path = f"{prefix}{key}"
        default = "required" if key in required else _default(value)
        texts = [raw.get("description"), *(one.get("description") for one in _branches(value, root))]
        meaning = next(filter(None, texts), "")
        yield f"| `{path}` | {_cell(_form(value, root))} | {_cell(default)} | {_cell(meaning)} |"
        yield from _below(value, root, path)


def _below(value: Schema, root: Schema, path: str) -> Iterator[str]:
    for one in _branches(value, root):
        if "properties" in one:
            yield from _keys(one, root, f"{path}.")
        items, others = one.get("items"), one.get("additionalProperties")
        if isinstance(items, Mapping):
            yield from _below(_resolve(items, root), root, f"{path}[]")
        if isinstance(others, Mapping):
            yield from _below(_resolve(others, root), root, f"{path}.*")


def _branches(value: Schema, root: Schema) -> list[Schema]:
    several = value.get("anyOf") or value.get("oneOf")
    return [_resolve(one, root) for one in several] if several else [value]


def _resolve(value: Schema, root: Schema) -> Schema:
    reference = value.get("$ref")
    if reference is None:
        return value
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return {**found, **{key: other for key, other in value.items() if key != "$ref"}}


def _form(value: Schema, root: Schema) -> str:
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return " ".join(f"`{one}`" for one in value["enum"])
    several = value.get("anyOf") or value.get("oneOf")
    if several:
        forms = dict.fromkeys(_form(_resolve(one, root), root) for one in several)
        return " or ".join(form for form in forms if form != "nothing")
    if value.get("type") == "array":
        items = value.get("items")
        return f"list of {_form(_resolve(items, root), root)}" if items else "list"
    kind = value.get("type", "any")
    return {"object": "mapping", "boolean": "true or false", "null": "nothing"}.get(str(kind), str(kind))


def _default(value: Schema) -> str:
    if "default" not in value or value["default"] is None:
        return "-"
    default = value["default"]
    return "-" if default == [] or isinstance(default, dict) else f"`{json.dumps(default)}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def pages() -> dict[Path, str]:
    """Return every generated page with its text."""
    return {PAGES / "commands.md": commands_page(), PAGES / "files.md": files_page()}


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{page.relative_to(ROOT)}\n")
