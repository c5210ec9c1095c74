"""What the forge tells about itself: its root, its limits, the user; and its GraphQL address."""

from datetime import timedelta

from reconciler.localforge import shapes
from reconciler.localforge.app import Asked, RefusedError, Reply, View
from reconciler.localforge.objects import stamp
from reconciler.localforge.people import LOGIN

_ROOT = {
    "current_user_url": "user",
    "current_user_authorizations_html_url": "settings/connections/applications{/client_id}",
    "authorizations_url": "authorizations",
    "code_search_url": "search/code?q={query}{&page,per_page,sort,order}",
    "commit_search_url": "search/commits?q={query}{&page,per_page,sort,order}",
    "emails_url": "user/emails",
    "emojis_url": "emojis",
    "events_url": "events",
    "feeds_url": "feeds",
    "followers_url": "user/followers",
    "following_url": "user/following{/target}",
    "gists_url": "gists{/gist_id}",
    "issue_search_url": "search/issues?q={query}{&page,per_page,sort,order}",
    "issues_url": "issues",
    "keys_url": "user/keys",
    "label_search_url": "search/labels?q={query}&repository_id={repository_id}{&page,per_page}",
    "notifications_url": "notifications",
    "organization_url": "orgs/{org}",
    "organization_repositories_url": "orgs/{org}/repos{?type,page,per_page,sort}",
    "organization_teams_url": "orgs/{org}/teams",
    "public_gists_url": "gists/public",
    "rate_limit_url": "rate_limit",
    "repository_url": "repos/{owner}/{repo}",
    "repository_search_url": "search/repositories?q={query}{&page,per_page,sort,order}",
    "current_user_repositories_url": "user/repos{?type,page,per_page,sort}",
    "starred_url": "user/starred{/owner}{/repo}",
    "starred_gists_url": "gists/starred",
    "user_url": "users/{user}",
    "user_organizations_url": "user/orgs",
    "user_repositories_url": "users/{user}/repos{?type,page,per_page,sort}",
    "user_search_url": "search/users?q={query}{&page,per_page,sort,order}",
}


def root(asked: Asked) -> Reply:
    """Answer where everything would be."""
    return Reply({name: f"{asked.base}/{end}" for name, end in _ROOT.items()})


def rate_limit(asked: Asked) -> Reply:
    """Answer that nothing was used: the forge counts nothing."""
    reset = int(asked.now.timestamp()) + 3600
    limit = {"limit": 5000, "remaining": 5000, "reset": reset, "used": 0}
    return Reply({"resources": dict.fromkeys(("core", "graphql", "search"), limit), "rate": limit})


def user(asked: Asked) -> Reply:
    """Answer the only user there is."""
    unknown = ("bio", "blog", "company", "email", "hireable", "location", "name")
    counts = ("followers", "following", "public_gists", "public_repos")
    since = {"created_at": "1970-01-01T00:00:00Z", "updated_at": "1970-01-01T00:00:00Z"}
    told = shapes.user(asked.base, LOGIN) | dict.fromkeys(unknown) | dict.fromkeys(counts, 0) | since
    return Reply(told)


def graphql(asked: Asked) -> Reply:
    """Answer a GraphQL document. Errors are in the answer, under status 200."""
    from reconciler.localforge import graph  # noqa: PLC0415 -- REST alone needs no graphql-core

    document = asked.body()
    if not isinstance(document.get("query"), str):
        raise RefusedError(400, "A query attribute must be specified and must be a string.")
    answers = graph.RootQuery(asked.find, stamp(asked.now + timedelta(hours=1)))
    return Reply(graph.answer(document, answers))


ROUTES: list[tuple[str, str, View]] = [
    ("GET", "/", root),
    ("GET", "/rate_limit", rate_limit),
    ("GET", "/user", user),
    ("POST", "/graphql", graphql),
]
