"""What the forge tells about itself, and its GraphQL address."""

from datetime import timedelta

from reconciler.localforge.app import Asked, RefusedError, Reply, View
from reconciler.localforge.objects import stamp


def graphql(asked: Asked) -> Reply:
    """Answer a GraphQL document. Errors are in the answer, under status 200."""
    from reconciler.localforge import graph  # noqa: PLC0415 -- REST alone needs no graphql-core

    document = asked.body()
    if not isinstance(document.get("query"), str):
        raise RefusedError(400, "A query attribute must be specified and must be a string.")
    root = graph.RootQuery(asked.find, stamp(asked.now + timedelta(hours=1)))
    return Reply(graph.answer(document, root))


ROUTES: list[tuple[str, str, View]] = [("POST", "/graphql", graphql)]
