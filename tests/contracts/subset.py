"""Cuts GitHub's GraphQL schema to what the local forge serves; `python -m tests.contracts.subset` writes it.

Building the whole schema takes over a second; the cut takes milliseconds.
"""

import lzma
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from graphql import (
    DefinitionNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    parse,
    print_ast,
)

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "github"
CUT = ROOT / "reconciler" / "localforge" / "schema.graphql"

# Type to fields; a field's arguments in brackets. Scalars, enums and inputs are taken whole.
SERVED = {
    "Query": "rateLimit repository(name owner)",
    "RateLimit": "cost limit nodeCount remaining resetAt used",
    "Repository": (
        "databaseId defaultBranchRef id isArchived isEmpty name nameWithOwner object(expression oid) "
        "ref(qualifiedName) refs(after first orderBy refPrefix) sshUrl url"
    ),
    "Ref": "id name prefix target",
    "RefConnection": "nodes pageInfo totalCount",
    "PageInfo": "endCursor hasNextPage hasPreviousPage startCursor",
    "GitObject": "abbreviatedOid id oid",
    "Node": "id",
    "Commit": "abbreviatedOid committedDate id message messageHeadline oid statusCheckRollup tree",
    "StatusCheckRollup": "id state",
    "Tree": "abbreviatedOid entries id oid",
    "TreeEntry": "mode name object oid path type",
    "Blob": "abbreviatedOid byteSize id isBinary isTruncated oid text",
    "Tag": "abbreviatedOid id message name oid target",
    "RefOrder": "",
    "RefOrderField": "",
    "OrderDirection": "",
    "StatusState": "",
    "DateTime": "",
    "GitObjectID": "",
    "GitSSHRemote": "",
    "URI": "",
}
_FIELD = re.compile(r"(\w+)(?:\(([^)]*)\))?")


def full_sdl() -> str:
    """Return GitHub's whole public schema."""
    return lzma.decompress((DATA / "schema.graphql.xz").read_bytes()).decode()


def cut(document: DocumentNode) -> str:
    """Return the SDL of what is served."""
    kept = [_kept(node) for node in document.definitions]
    definitions = sorted((node for node in kept if node is not None), key=lambda node: node.name.value)  # type: ignore[attr-defined]  # all named
    head = "# Cut from GitHub's public schema by tests/contracts/subset.py; not edited by hand.\n\n"
    return head + print_ast(DocumentNode(definitions=tuple(definitions))) + "\n"


def _kept(node: DefinitionNode) -> DefinitionNode | None:
    name = getattr(node, "name", None)
    if name is None or name.value not in SERVED:
        return None
    if isinstance(node, ScalarTypeDefinitionNode | EnumTypeDefinitionNode | InputObjectTypeDefinitionNode):
        return node
    assert isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode)
    wanted = {found[1]: (found[2] or "").split() for found in _FIELD.finditer(SERVED[name.value])}
    kind = type(node)
    return kind(
        name=node.name,
        directives=(),
        description=None,
        interfaces=tuple(_known(node.interfaces or (), wanted)),
        fields=tuple(
            _field(field, wanted[field.name.value])
            for field in node.fields or ()
            if field.name.value in wanted
        ),
    )


def _known(interfaces: Iterable[NamedTypeNode], wanted: Mapping[str, object]) -> Iterable[NamedTypeNode]:
    return (
        interface
        for interface in interfaces
        if interface.name.value in SERVED and wanted.keys() >= {*SERVED[interface.name.value].split()}
    )


def _field(field: FieldDefinitionNode, arguments: list[str]) -> FieldDefinitionNode:
    return FieldDefinitionNode(
        name=field.name,
        description=None,
        directives=(),
        type=field.type,
        arguments=tuple(argument for argument in field.arguments or () if argument.name.value in arguments),
    )


if __name__ == "__main__":
    CUT.write_text(cut(parse(full_sdl(), no_location=True)))
